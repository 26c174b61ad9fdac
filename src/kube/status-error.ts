import { isJsonObject, objectAt, objectsAt, textAt, type JsonObject } from '../schema/index.ts';
import { KubeError, type ErrorCause, type KubeErrorCode } from './kube-error.ts';

/** A failure as HTTP has it. */
export interface FailedAnswer {
  readonly status: number;
  /** The `Retry-After` header, in milliseconds. */
  readonly retryAfter?: number | undefined;
  /** The body, JSON or not. */
  readonly text: string;
  /** The objects are Secrets, of which an error says only what fields it is about. */
  readonly confidential: boolean;
}

/** A server's word in a message; some put whole objects into it. */
const LONGEST_MESSAGE = 2000;

/** Makes an error of an answer that is no success. `what` is for example `get Node "a"`. */
export function answerError(what: string, answer: FailedAnswer): KubeError {
  return statusError(what, parse(answer.text), answer);
}

/** Makes an error of a `Status` object, which a watch also has inside its stream. */
export function statusError(
  what: string,
  body: JsonObject | undefined,
  answer: Omit<FailedAnswer, 'text'>,
): KubeError {
  const isStatus = body !== undefined && textAt(body, 'kind') === 'Status';
  const reason = isStatus ? textAt(body, 'reason') : '';
  const details = isStatus ? objectAt(body, 'details') : undefined;
  const causes = details === undefined ? [] : readCauses(details, answer.confidential);
  const asked = details?.['retryAfterSeconds'];
  const retryAfter = answer.retryAfter ?? (typeof asked === 'number' && asked > 0 ? asked * 1000 : undefined);
  const said = isStatus ? textAt(body, 'message') : '';
  return new KubeError(
    codeOf(answer.status, reason, causes, details),
    `cannot ${what}: ${answer.confidential ? discreet(answer.status, reason, causes) : shorten(said) || `status ${answer.status}`}`,
    {
      status: answer.status,
      causes,
      ...(reason === '' ? {} : { reason }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    },
  );
}

/** Reads `Retry-After`, seconds or an HTTP date, as milliseconds from now. */
export function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const wait = /^\d+$/u.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readCauses(details: JsonObject, confidential: boolean): ErrorCause[] {
  return objectsAt(details, 'causes')
    .slice(0, 100)
    .map((cause) => ({
      reason: textAt(cause, 'reason'),
      field: textAt(cause, 'field'),
      message: confidential ? '' : shorten(textAt(cause, 'message')),
    }));
}

function codeOf(
  status: number,
  reason: string,
  causes: readonly ErrorCause[],
  details: JsonObject | undefined,
): KubeErrorCode {
  switch (status) {
    case 400:
      return 'bad-request';
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      // A missing kind, whose Status has no details, must never pass for a missing object.
      return details !== undefined && textAt(details, 'name') !== '' ? 'not-found' : 'not-served';
    case 405:
    case 406:
    case 415:
      return 'unsupported';
    case 408:
      return 'timeout';
    case 409:
      return reason === 'AlreadyExists' ? 'already-exists' : 'conflict';
    case 410:
      return 'gone';
    case 413:
      return 'too-large';
    case 422:
      return 'invalid';
    case 429:
      return causes.some((cause) => cause.reason === 'DisruptionBudget')
        ? 'disruption-budget'
        : 'too-many-requests';
    case 504:
      return causes.some((cause) => cause.reason === 'ResourceVersionTooLarge') ? 'too-new' : 'timeout';
    case 502:
    case 503:
      return 'unavailable';
    default:
      if (status >= 500) return 'server-error';
      return status >= 400 ? 'bad-request' : 'malformed';
  }
}

function discreet(status: number, reason: string, causes: readonly ErrorCause[]): string {
  const fields = causes.map(({ field }) => field).filter((field) => field !== '');
  return `${reason === '' ? `status ${status}` : reason}${fields.length === 0 ? '' : `, of ${fields.join(', ')}`}`;
}

function shorten(text: string): string {
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE)}…`;
}
