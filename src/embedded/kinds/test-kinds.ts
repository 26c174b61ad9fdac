import assert from 'node:assert/strict';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { builtInSchema } from '../documents/index.ts';
import { builtInKinds } from './built-in-kinds.ts';
import type { Kind, WriteContext } from './kind.ts';
import { ensureObject, setDefault } from './members.ts';

/** All built-in kinds; for tests. */
export const KINDS: readonly Kind[] = builtInKinds(builtInSchema);

export function kindNamed(name: string, group?: string): Kind {
  const found = KINDS.find((kind) => kind.kind === name && (group === undefined || kind.group === group));
  assert.ok(found, name);
  return found;
}

/** A world with these objects, by `Kind/name`. */
export function worldOf(objects: Readonly<Record<string, JsonObject>> = {}): WriteContext {
  return {
    now: Date.parse('2026-11-20T12:00:00Z'),
    randomName: (length) => 'x'.repeat(length),
    get: (_, kind, __, name) => objects[`${kind}/${name}`],
    warn: () => {},
  };
}

const WORLD = worldOf({ 'ServiceAccount/default': {} });

/** What a kind makes of an object that is created as `x` in the namespace `ns`, if not said otherwise. */
export function create(kind: Kind, body: JsonObject, world: WriteContext = WORLD): JsonObject {
  const object = structuredClone(body);
  const metadata = ensureObject(object, 'metadata');
  setDefault(metadata, 'name', 'x');
  if (kind.namespaced) setDefault(metadata, 'namespace', 'ns');
  setDefault(metadata, 'uid', '12345678-0000-0000-0000-000000000000');
  kind.strategy.applyDefaults(object);
  kind.strategy.prepareForCreate(object, world);
  return object;
}

/** What a kind makes of an object that is updated. */
export function update(kind: Kind, old: JsonObject, change: (next: JsonObject) => void): JsonObject {
  const next = structuredClone(old);
  change(next);
  kind.strategy.applyDefaults(next);
  kind.strategy.prepareForUpdate(next, old, WORLD);
  return next;
}

/** Errors as one line each: `FIELD: MESSAGE`. */
export function lines(errors: readonly FieldError[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

/** What is wrong with an object that is created. */
export function createErrors(kind: Kind, body: JsonObject): string[] {
  return lines(kind.strategy.validate(create(kind, body)));
}

/** What is wrong with a change of an object that was just created. */
export function changeErrors(kind: Kind, body: JsonObject, change: (next: JsonObject) => void): string[] {
  const old = create(kind, body);
  return lines(kind.strategy.validateUpdate(update(kind, old, change), old));
}
