import { isJsonObject, numberAt, objectAt, type JsonObject } from '../schema/index.ts';
import { bodyChunks } from './body-chunks.ts';
import type { OpenAnswer } from './http-session.ts';
import { LineSplitter } from './json-lines.ts';
import { KubeError } from './kube-error.ts';
import { networkError } from './network-error.ts';
import type { KubeObject } from './resource-type.ts';
import { statusError } from './status-error.ts';

/** A change, or a bookmark: that nothing else happened up to a version. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | {
      readonly type: 'BOOKMARK';
      readonly resourceVersion: string;
      /** All objects that there were at the beginning have been sent. */
      readonly endsInitialEvents: boolean;
    };

/** Objects are at most 3 MB on their way in; what a server adds does not make them ten times as large. */
const LONGEST_LINE = 32 * 1024 * 1024;

/** Reads the events of a watch, and ends what it reads from however it is left. */
export async function* readWatch<T extends KubeObject>(
  what: string,
  confidential: boolean,
  { body, deadline }: OpenAnswer,
): AsyncGenerator<WatchEvent<T>, void, void> {
  const splitter = new LineSplitter(LONGEST_LINE);
  // The body ends with an error when the deadline's signal aborts: the request was sent with it.
  try {
    for await (const chunk of bodyChunks(body)) {
      for (const line of splitter.push(chunk)) yield decode<T>(what, confidential, line);
    }
  } catch (error) {
    throw networkError(what, error, deadline.signal);
  } finally {
    deadline.release();
    if (!body.destroyed) body.destroy();
  }
}

function decode<T extends KubeObject>(what: string, confidential: boolean, line: string): WatchEvent<T> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    throw malformed(what);
  }
  const object = isJsonObject(event) ? objectAt(event, 'object') : undefined;
  if (!isJsonObject(event) || object === undefined) throw malformed(what);
  switch (event['type']) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isJsonObject(object['metadata'])) throw malformed(what);
      return { type: event['type'], object: object as unknown as T };
    case 'BOOKMARK':
      return bookmark(what, object);
    case 'ERROR':
      throw statusError(what, object, { status: numberAt(object, 'code') ?? 500, confidential });
    default:
      throw malformed(what);
  }
}

function bookmark(what: string, object: JsonObject): WatchEvent<never> {
  const metadata = objectAt(object, 'metadata');
  const resourceVersion = metadata?.['resourceVersion'];
  if (typeof resourceVersion !== 'string' || resourceVersion === '') throw malformed(what);
  const end = objectAt(metadata, 'annotations')?.['k8s.io/initial-events-end'];
  return { type: 'BOOKMARK', resourceVersion, endsInitialEvents: end === 'true' };
}

function malformed(what: string): KubeError {
  return new KubeError('malformed', `cannot ${what}: the stream holds something that is no event`);
}
