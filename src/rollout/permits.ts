import { PERMIT_ANNOTATION, PERMITS_ANNOTATION } from '../api/index.ts';

/** A node's turn. */
export interface Permit {
  /** Names the permit; the node repeats it when it has been told what to run. */
  readonly id: string;
  /** When it was given, in milliseconds since 1970. */
  readonly since: number;
  /** When the node was first seen to serve again; absent where nobody has, or nobody has to know for how long. */
  readonly done?: number;
  /** The node whose place this one takes: its turn begins when that one's is over. Absent: it has begun. */
  readonly after?: string;
}

/** The nodes that may be out of service for an update, by name. */
export type Permits = Readonly<Record<string, Permit>>;

/** The pool whose annotation holds the permits of a pool: pools of the control plane share one, since they share a quorum. */
export function permitsPool(pool: string, exists: (pool: string) => boolean): string {
  return pool === 'arbiter' && exists('master') ? 'master' : pool;
}

/**
 * The permits that a pool holds. What is no permit is left out: the node that it was about is then one that is out of service
 * without a permit, which counts all the same.
 */
export function readPermits(annotations: Readonly<Record<string, string>> | undefined): Permits {
  const found: Record<string, Permit> = {};
  for (const [node, value] of Object.entries(parsed(annotations?.[PERMITS_ANNOTATION]))) {
    if (!isObject(value)) continue;
    const { id, since, done, after } = value as Readonly<Record<string, unknown>>;
    const given = time(since);
    if (typeof id !== 'string' || given === undefined) continue;
    const served = time(done);
    found[node] = {
      id,
      since: given,
      ...(served === undefined ? {} : { done: served }),
      ...(typeof after === 'string' ? { after } : {}),
    };
  }
  return found;
}

/** How many nodes may be out of service with these permits: of those who take each other's place one at a time. */
export function countPlaces(permits: Permits): number {
  return Object.values(permits).filter(({ after }) => after === undefined || permits[after] === undefined)
    .length;
}

/** The value of the annotation; undefined for none: then the annotation goes. */
export function writePermits(permits: Permits): string | undefined {
  const entries = Object.entries(permits).sort(([left], [right]) => (left < right ? -1 : 1));
  if (entries.length === 0) return undefined;
  const values = entries.map(([node, { id, since, done, after }]) => [
    node,
    {
      id,
      since: text(since),
      ...(done === undefined ? {} : { done: text(done) }),
      ...(after === undefined ? {} : { after }),
    },
  ]);
  return JSON.stringify(Object.fromEntries(values));
}

/** What a node was told last, and under which permit. */
export interface Told {
  readonly permit: string;
  /** When, in milliseconds since 1970, by the clock of the controller. */
  readonly at: number;
}

/** Reads the Node's annotation `varve.dev/permit`; undefined where there is none, or no such thing. */
export function readTold(annotations: Readonly<Record<string, string>> | undefined): Told | undefined {
  const { id, told } = parsed(annotations?.[PERMIT_ANNOTATION]) as Readonly<Record<string, unknown>>;
  const at = time(told);
  return typeof id === 'string' && at !== undefined ? { permit: id, at } : undefined;
}

export function writeTold({ permit, at }: Told): string {
  return JSON.stringify({ id: permit, told: text(at) });
}

function parsed(value: string | undefined): object {
  if (value === undefined) return {};
  try {
    const found: unknown = JSON.parse(value);
    return isObject(found) ? found : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function time(value: unknown): number | undefined {
  const found = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(found) ? undefined : found;
}

function text(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
