import { setTimeout as sleep } from 'node:timers/promises';
import type { LabAnswer, LabRequest, OpenAnswer } from '../connection.ts';
import { bodyText } from './placeholders.ts';
import { isObject } from './recorded-values.ts';
import type { RecordedExchange } from './recording.ts';
import { CURL, type LabSession } from './session.ts';
import type { Step } from './steps.ts';

/** What came here in answer to a recorded request. */
export interface ActualAnswer extends LabAnswer {
  /** Of a watch that was answered as one. */
  readonly events?: readonly unknown[];
  /** Of a watch that was to end by itself: whether it did. */
  readonly hasEnded?: boolean;
}

/** How long a watch is observed after all that was expected has come, and how long before that, in milliseconds. */
const SETTLED = 120;
const PATIENCE = 10_000;
const POLL = 5;

/** Watches that end by themselves after some seconds do so after this one here. */
const SCALED_TIMEOUT = 1;

/** Sends a recorded request, translated; of a watch the events are collected while the steps are done. */
export async function replay(
  exchange: RecordedExchange,
  session: LabSession,
  during: readonly Step[],
): Promise<ActualAnswer> {
  const { request } = exchange;
  const connection = session.as(request.auth);
  const sent = translated(exchange, session);
  if (exchange.summary === undefined) return connection.send(sent);
  const open = await connection.open(scaled(sent));
  try {
    return await observe(exchange, open, session, during);
  } finally {
    open.close();
  }
}

function translated({ request }: RecordedExchange, { values }: LabSession): LabRequest {
  const body = bodyText(request.body);
  const headers: Record<string, string> = { 'user-agent': CURL, accept: '*/*' };
  for (const [name, value] of Object.entries(request.headers)) {
    // curl with an empty value sends no such header.
    if (value !== '') headers[name.toLowerCase()] = values.rename(value);
  }
  return {
    method: request.method,
    path: values.translate(request.path),
    headers,
    ...(body === undefined ? {} : { body: values.translate(body) }),
  };
}

function scaled(sent: LabRequest): LabRequest {
  return { ...sent, path: sent.path.replace(/timeoutSeconds=\d+/, `timeoutSeconds=${SCALED_TIMEOUT}`) };
}

async function observe(
  exchange: RecordedExchange,
  open: OpenAnswer,
  session: LabSession,
  during: readonly Step[],
): Promise<ActualAnswer> {
  for (const step of during) await step(session);
  const endsByItself = exchange.request.path.includes('timeoutSeconds=');
  const expected = (exchange.events ?? []).length;
  const isStream = open.status === 200 && !isPlain(exchange);
  const deadline = Date.now() + PATIENCE;
  while (!open.ended() && Date.now() < deadline) {
    if (isStream && !endsByItself && eventsOf(open.text()).length >= expected) break;
    await sleep(POLL);
  }
  if (!open.ended()) await sleep(SETTLED);
  const { status, headers, warnings } = open;
  const text = open.text();
  if (!isStream) return { status, headers, warnings, text };
  return {
    status,
    headers,
    warnings,
    text,
    events: eventsOf(text),
    ...(endsByItself ? { hasEnded: open.ended() } : {}),
  };
}

/** Whether the recorded answer to a watch was no stream of events: its lines were recorded as if they were some. */
export function isPlain(exchange: RecordedExchange): boolean {
  return (exchange.events ?? []).some(([, line]) => typeof line === 'string');
}

/** The events of a stream, without bookmarks that a server sends when it likes (kubernetes-api §12). */
export function eventsOf(text: string): unknown[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line))
    .filter((event) => !isLooseBookmark(event));
}

export function isLooseBookmark(event: unknown): boolean {
  if (!isObject(event) || event['type'] !== 'BOOKMARK') return false;
  return !JSON.stringify(event).includes('k8s.io/initial-events-end');
}
