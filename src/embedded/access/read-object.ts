import type { JsonObject } from '../../schema/index.ts';

/** Reads any stored object: `get('v1', 'Namespace', '', 'default')`; undefined if absent. */
export type ReadObject = (
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
) => JsonObject | undefined;
