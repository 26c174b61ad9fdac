import type { Definition } from '../definition.ts';
import { DEFAULTS } from './default-facts.ts';
import { ATOMIC_MEMBERS, ATOMIC_TYPES, LIST_MAPS, LIST_SETS } from './list-facts.ts';
import { BYTES, DOUBLE, INT64 } from './number-facts.ts';
import { PATCH_STRATEGIES } from './patch-facts.ts';

/** Looks facts up by the name of a type or member, and knows which of them nobody asked for. */
export class FactBook {
  readonly #unused: Set<string> = new Set([
    ...INT64,
    ...DOUBLE,
    ...BYTES,
    ...LIST_SETS,
    ...ATOMIC_TYPES,
    ...ATOMIC_MEMBERS,
    ...Object.keys(DEFAULTS),
    ...Object.keys(LIST_MAPS),
    ...Object.keys(PATCH_STRATEGIES),
  ]);

  /** Of an object type. */
  ofType(name: string): Partial<Definition> {
    this.#unused.delete(name);
    return ATOMIC_TYPES.includes(name) ? { 'x-kubernetes-map-type': 'atomic' } : {};
  }

  ofNumber(name: string): Definition {
    this.#unused.delete(name);
    if (DOUBLE.includes(name)) return { type: 'number', format: 'double' };
    return { type: 'integer', format: INT64.includes(name) ? 'int64' : 'int32' };
  }

  ofString(name: string): Partial<Definition> {
    this.#unused.delete(name);
    const fallback = DEFAULTS[name];
    return {
      ...(BYTES.includes(name) ? { format: 'byte' } : {}),
      ...(fallback === undefined ? {} : { default: fallback }),
    };
  }

  ofList(name: string): Partial<Definition> {
    this.#unused.delete(name);
    const keys = LIST_MAPS[name];
    const patch = this.#patch(name);
    if (keys !== undefined) {
      return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys.split(','), ...patch };
    }
    return { 'x-kubernetes-list-type': LIST_SETS.includes(name) ? 'set' : 'atomic', ...patch };
  }

  /** Of a member that is a map or refers to another type. */
  ofMember(name: string): Partial<Definition> {
    this.#unused.delete(name);
    return {
      ...(ATOMIC_MEMBERS.includes(name) ? { 'x-kubernetes-map-type': 'atomic' as const } : {}),
      ...this.#patch(name),
    };
  }

  #patch(name: string): Partial<Definition> {
    const [strategy, key] = PATCH_STRATEGIES[name]?.split(' ') ?? [];
    return {
      ...(strategy === undefined ? {} : { 'x-kubernetes-patch-strategy': strategy }),
      ...(key === undefined ? {} : { 'x-kubernetes-patch-merge-key': key }),
    };
  }

  /** Throws if a fact was stated of something that does not exist. */
  assertAllUsed(): void {
    if (this.#unused.size > 0) {
      throw new Error(`these facts name nothing that is generated: ${[...this.#unused].join(', ')}`);
    }
  }
}
