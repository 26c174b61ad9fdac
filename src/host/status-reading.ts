import { foundFailure, failureOfError } from './classify-failure.ts';
import { FailedStep } from './failed-step.ts';
import { HostError } from './host-error.ts';
import type { HostFailure } from './host-failure.ts';
import type { DeployTool, HostStatus } from './host-status.ts';

/** What reading a host's status gave (host-contract §10.1, 2). Only what is fresh may be decided on. */
export type StatusReading =
  | { readonly state: 'fresh'; readonly status: HostStatus }
  /**
   * The host is at work for somebody: a lock is held, a transaction runs. It is no failure however long it lasts.
   * `status` is what the tool tells in the meantime, to be shown and not to be decided on.
   */
  | { readonly state: 'busy'; readonly reason: string; readonly status: HostStatus | undefined }
  | { readonly state: 'failed'; readonly failure: HostFailure };

/**
 * Reads a status by `read`, which fails by a `FailedStep` or an unreadable output. A tool that waits for the lock of
 * the deployments answers when it is free: its deadline means busy and never failed (host-contract §1.1).
 */
export async function readStatus(tool: DeployTool, read: () => Promise<HostStatus>): Promise<StatusReading> {
  try {
    return judged(await read());
  } catch (error) {
    const failure = failureIn(error, tool);
    if (failure.class === 'busy' || failure.class === 'timed-out') {
      return { state: 'busy', reason: `${failure.tool} waits for another transaction`, status: undefined };
    }
    return { state: 'failed', failure };
  }
}

function judged(status: HostStatus): StatusReading {
  const { transaction, tool } = status;
  if (transaction !== undefined) {
    return { state: 'busy', reason: `${tool} runs a transaction: ${transaction}`, status };
  }
  if (status.booted === undefined) {
    // What bootc prints in a container, with exit status 0.
    const message = `cannot manage the host: ${tool} sees no booted deployment`;
    return { state: 'failed', failure: foundFailure('not-image-host', tool, message) };
  }
  return { state: 'fresh', status };
}

/** What a thrown value means; what is no failure of the host is thrown on. */
export function failureIn(error: unknown, tool: DeployTool): HostFailure {
  if (error instanceof FailedStep) return error.failure;
  if (error instanceof HostError && error.code !== 'aborted') {
    return failureOfError({ tool: error.tool ?? tool, args: [] }, error);
  }
  throw error;
}
