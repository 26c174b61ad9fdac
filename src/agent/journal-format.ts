import { isJsonObject } from '../schema/index.ts';
import { failurePolicy, type FailurePolicy } from '../host/index.ts';
import type { Attempt, FailedActivation, Journal, Settled, Trouble } from './journal.ts';
import { areActions, isLiveRecord, type LiveRecord } from './live-record.ts';

/** What reading a journal gave. */
export type JournalReading =
  | { readonly state: 'read'; readonly journal: Journal }
  /** There is none: the agent is new here. */
  | { readonly state: 'absent' }
  /** What is there is no journal, or only a part of one. */
  | { readonly state: 'damaged'; readonly reason: string }
  /** It must be left alone: it cannot be read, or a newer agent says that this one would misread it. */
  | { readonly state: 'unusable'; readonly reason: string };

/** The version that this agent writes. */
const VERSION = 1;

/** The oldest version whose readers understand what this agent writes; the members they do not know, they keep. */
const READABLE_FROM = 1;

const KNOWN: ReadonlySet<string> = new Set([
  'version',
  'readableFrom',
  'adopted',
  'history',
  'attempts',
  'rebooting',
  'did',
  'trouble',
  'pinned',
  'cannotLock',
  'live',
  'prefetched',
  'retry',
]);

/** The text of a journal: one JSON object, in an order that depends on nothing but its content. */
export function formatJournal({ unknown, ...journal }: Journal): string {
  return `${JSON.stringify({ version: VERSION, readableFrom: READABLE_FROM, ...journal, ...unknown }, undefined, 2)}\n`;
}

/** Reads a journal's text. It never throws: what is wrong with it is the answer. */
export function parseJournal(text: string): JournalReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return damaged(text.trim() === '' ? 'it is empty' : 'it is not JSON, or was cut off');
  }
  if (!isJsonObject(value)) return damaged('it is no JSON object');
  const { version, readableFrom } = value;
  if (typeof version !== 'number' || typeof readableFrom !== 'number') return damaged('it has no version');
  if (readableFrom > VERSION) {
    const reason = `an agent wrote it whose format ${version} agents before format ${readableFrom} misread, and this one has format ${VERSION}; run that agent again, or remove the journal, which forgets what was tried`;
    return { state: 'unusable', reason };
  }
  const journal = readJournal(value);
  return journal === undefined
    ? damaged('its members are not what they should be')
    : { state: 'read', journal };
}

function damaged(reason: string): JournalReading {
  return { state: 'damaged', reason };
}

type Members = Readonly<Record<string, unknown>>;

function readJournal(value: Members): Journal | undefined {
  const { adopted, history, attempts, rebooting, did, trouble, pinned, cannotLock, retry } = value;
  // Of an agent that knew nothing of them there are none.
  const { live = {}, prefetched } = value;
  if (!optional(adopted, isSettledEntry) || !isListOf(history, isSettledEntry)) return undefined;
  if (!isJsonObject(attempts) || !Object.values(attempts).every(isAttempt)) return undefined;
  if (!optional(rebooting, isRebooting) || !optional(did, isDid) || !optional(trouble, isTrouble)) {
    return undefined;
  }
  if (!isJsonObject(live) || !Object.values(live).every(isLiveRecord)) return undefined;
  if (!optional(prefetched, isText)) return undefined;
  if (!isListOf(pinned, isText) || !optional(cannotLock, isText) || !optional(retry, isText))
    return undefined;
  const unknown = Object.fromEntries(Object.entries(value).filter(([key]) => !KNOWN.has(key)));
  return {
    adopted,
    history,
    attempts: attempts as unknown as Readonly<Record<string, Attempt>>,
    rebooting,
    did,
    trouble: trouble === undefined ? undefined : knownClass(trouble),
    pinned,
    cannotLock,
    live: live as unknown as Readonly<Record<string, LiveRecord>>,
    prefetched,
    retry,
    unknown,
  };
}

function isSettledEntry(value: unknown): value is Settled {
  if (!isJsonObject(value)) return false;
  const { digest, image, config, kind, checksum, at } = value;
  return (
    [digest, image, config, checksum].every((text) => optional(text, isText)) &&
    (kind === 'image' || kind === 'base') &&
    isTime(at)
  );
}

function isAttempt(value: unknown): value is Attempt {
  if (!isJsonObject(value)) return false;
  const { failures, fetched, halted, cleaned } = value;
  return (
    isListOf(failures, isFailedActivation) &&
    typeof fetched === 'boolean' &&
    optional(halted, isText) &&
    optional(cleaned, isTime)
  );
}

function isFailedActivation(value: unknown): value is FailedActivation {
  if (!isJsonObject(value)) return false;
  const { kind, message, at } = value;
  return isText(kind) && isText(message) && isTime(at);
}

function isRebooting(value: unknown): value is NonNullable<Journal['rebooting']> {
  return isJsonObject(value) && isText(value['digest']) && isText(value['bootId']) && isTime(value['at']);
}

function isDid(value: unknown): value is NonNullable<Journal['did']> {
  return isJsonObject(value) && isText(value['key']) && isText(value['bootId']);
}

function isTrouble(value: unknown): value is Trouble {
  if (!isJsonObject(value)) return false;
  const { key, class: failure, message, count, since, at, remedied, ran } = value;
  return (
    isText(key) &&
    isText(failure) &&
    isText(message) &&
    [count, since, at].every(isTime) &&
    typeof remedied === 'boolean' &&
    (ran === undefined || (isJsonObject(ran) && isText(ran['bootId']) && areActions(ran['actions'])))
  );
}

/** A class that only a newer agent knows is one more that this one does not. */
function knownClass(trouble: Trouble): Trouble {
  const policy = failurePolicy(trouble.class) as Partial<FailurePolicy> | undefined;
  return typeof policy?.retryable === 'boolean' ? trouble : { ...trouble, class: 'unknown' };
}

function isListOf<T>(value: unknown, is: (member: unknown) => member is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}

function optional<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
