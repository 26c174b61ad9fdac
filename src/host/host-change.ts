import { foundFailure } from './classify-failure.ts';
import type { HostFailure } from './host-failure.ts';
import type { DeployTool, HostStatus } from './host-status.ts';
import { failureIn, type StatusReading } from './status-reading.ts';

/** What came of changing a host. */
export type HostChange =
  /** The status shows it; `changed` is false when it did before. */
  | { readonly result: 'done'; readonly changed: boolean; readonly status: HostStatus }
  /** The host was at work for somebody else: nothing was done, or it is not known yet what came of it. */
  | { readonly result: 'busy'; readonly reason: string }
  /** `status` is the host's after it, where it could be read: a failed command may have staged an image. */
  | { readonly result: 'failed'; readonly failure: HostFailure; readonly status: HostStatus | undefined };

/** One change of a host, in three questions and an act. */
export interface ChangeSteps {
  /** For people, as "stage r.example/os@sha256:…". */
  readonly what: string;
  /** Why it may not be done on a host of this status. */
  readonly refuse?: (status: HostStatus) => HostFailure | undefined;
  /** What the status does not show yet of what is wanted, as "nothing is staged"; undefined when all is as wanted. */
  readonly lack: (status: HostStatus) => string | undefined | Promise<string | undefined>;
  readonly act: (before: HostStatus) => Promise<void>;
}

/** Reads, refuses, acts and reads again; success is what the second status shows and nothing else. */
export async function changeHost(
  tool: DeployTool,
  read: () => Promise<StatusReading>,
  steps: ChangeSteps,
): Promise<HostChange> {
  const before = await read();
  if (before.state !== 'fresh') return unread(before);
  const refusal = steps.refuse?.(before.status);
  if (refusal !== undefined) return { result: 'failed', failure: refusal, status: before.status };

  let failure: HostFailure | undefined;
  let lacking: string | undefined;
  try {
    lacking = await steps.lack(before.status);
    if (lacking === undefined) return { result: 'done', changed: false, status: before.status };
    await steps.act(before.status);
  } catch (error) {
    failure = failureIn(error, tool);
  }
  const after = await read();
  const status = after.state === 'fresh' ? after.status : undefined;
  if (failure?.class === 'busy') return { result: 'busy', reason: failure.message };
  if (failure !== undefined && failure.class !== 'nothing-to-do')
    return { result: 'failed', failure, status };
  if (after.state !== 'fresh') return unread(after);

  try {
    lacking = await steps.lack(after.status);
  } catch (error) {
    return { result: 'failed', failure: failureIn(error, tool), status };
  }
  if (lacking === undefined) return { result: 'done', changed: true, status: after.status };
  const said = failure === undefined ? 'reported success' : failure.message;
  const message = `cannot ${steps.what}: ${tool} ${said}, but ${lacking}`;
  return { result: 'failed', failure: foundFailure('not-shown', tool, message), status };
}

function unread(reading: Exclude<StatusReading, { readonly state: 'fresh' }>): HostChange {
  if (reading.state === 'busy') return { result: 'busy', reason: reading.reason };
  return { result: 'failed', failure: reading.failure, status: undefined };
}
