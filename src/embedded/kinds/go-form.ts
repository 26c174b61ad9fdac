import { isJsonObject } from '../../schema/index.ts';
import type { Json, JsonObject, Schema } from '../../schema/index.ts';

/** What is nested deeper than any built-in kind needs is left as it is. */
const MAX_DEPTH = 200;

/** Texts behind a pointer in Go, which are kept when they are empty. */
const EMPTY_TEXT_KEPT = new Set([
  'appProtocol',
  'holderIdentity',
  'ingressClassName',
  'managedBy',
  'preferredHolder',
  'runtimeClassName',
  'storageClassName',
  'timeZone',
]);

/** Booleans that are no pointers in Go, so that `false` is not written. */
const FALSE_DROPPED = new Set([
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'paused',
  'publishNotReadyAddresses',
  'readOnly',
  'stdin',
  'stdinOnce',
  'tty',
  'unschedulable',
]);

/** Numbers that are no pointers in Go, so that 0 is not written. */
const ZERO_DROPPED = new Set([
  'active',
  'availableReplicas',
  'count',
  'currentReplicas',
  'deprecatedCount',
  'failed',
  'generation',
  'hostPort',
  'minReadySeconds',
  'nodePort',
  'numberAvailable',
  'numberUnavailable',
  'observedGeneration',
  'readyReplicas',
  'replicas',
  'succeeded',
  'unavailableReplicas',
  'updatedNumberScheduled',
  'updatedReplicas',
]);

/** Where a number of such a name is a pointer after all. */
const SPEC_NUMBERS_KEPT = new Set(['replicas']);

/**
 * Brings an object of a built-in kind into the form in which a server that is written in Go sends it: what its encoding
 * omits is removed — nulls, and empty texts, lists and maps that are not required. (An empty structure stays: `emptyDir: {}`
 * says something.) So the same object always has the same text, and a write that changes nothing is seen to change nothing.
 */
export function toGoForm(object: JsonObject, schema: Schema): void {
  strip(object, schema, 0, false);
}

function strip(object: JsonObject, schema: Schema, depth: number, inSpec: boolean): void {
  if (depth > MAX_DEPTH) return;
  const { properties, additionalProperties } = schema;
  if (properties !== undefined) {
    for (const [key, value] of Object.entries(object)) {
      const member = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (value === null) delete object[key];
      else if (member !== undefined) {
        stripValue(value, member, depth + 1, key === 'spec');
        const required = schema.required?.includes(key) === true;
        if (!required && isOmitted(key, value, member, inSpec)) delete object[key];
      }
    }
  } else if (typeof additionalProperties === 'object') {
    for (const value of Object.values(object)) stripValue(value, additionalProperties, depth + 1, false);
  }
}

function stripValue(value: Json, schema: Schema, depth: number, inSpec: boolean): void {
  if (isJsonObject(value)) strip(value, schema, depth, inSpec);
  else if (Array.isArray(value) && schema.items !== undefined) {
    for (const item of value) if (isJsonObject(item)) strip(item, schema.items, depth + 1, false);
  }
}

function isOmitted(key: string, value: Json, schema: Schema, inSpec: boolean): boolean {
  switch (typeof value) {
    case 'string':
      return value === '' && schema.type === 'string' && !EMPTY_TEXT_KEPT.has(key);
    case 'boolean':
      return !value && FALSE_DROPPED.has(key);
    case 'number':
      return value === 0 && ZERO_DROPPED.has(key) && !(inSpec && SPEC_NUMBERS_KEPT.has(key));
    default:
      if (Array.isArray(value)) return value.length === 0 && schema.type === 'array';
      return (
        isJsonObject(value) &&
        schema.properties === undefined &&
        schema.additionalProperties !== undefined &&
        Object.keys(value).length === 0
      );
  }
}
