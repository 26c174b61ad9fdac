import { compareText } from '../../ignition/index.ts';
import { equalJson, formatTime, objectAt, textAt, type JsonObject } from '../../schema/index.ts';
import { customKinds, hasCondition, putCondition, storedKinds, type Kind } from '../kinds/index.ts';
import {
  CLEANUP_FINALIZER,
  finalizersOf,
  isBeingDeleted,
  metadataOf,
  nameOf,
  objectValue,
  setFinalizers,
} from '../rest/index.ts';
import type { Change, StoredObject } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';
import { TakenNames, asAccepted } from './definition-names.ts';
import { storedObjects } from './stored-objects.ts';
import { establishedStatus, hasStatus, removalCondition } from './definition-status.ts';

const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';

/** Objects that one pass removes; the others get their turn in between. */
const BATCH = 500;

/** What is known of a stored definition. */
interface Known {
  readonly revision: number;
  readonly definition: JsonObject;
}

interface Served {
  /** What the kinds were made of. */
  readonly definition: JsonObject;
  readonly made: readonly Kind[];
  readonly isEnding: boolean;
  /** The same, without what is refused while the definition is being deleted. */
  readonly kinds: readonly Kind[];
}

/**
 * Serves the kinds that CustomResourceDefinitions define, says in their status that they are served, and removes their
 * objects with them.
 */
export class DefinitionController implements Controller {
  readonly name = 'custom-resource-definition';
  readonly #support: ControllerSupport;
  readonly #known = new Map<string, Known>();
  readonly #served = new Map<string, Served>();
  /** Where objects are waited for whose definition is being deleted. */
  #ending: ReadonlySet<string> = new Set();
  #isStale = true;

  constructor(support: ControllerSupport) {
    this.#support = support;
  }

  wants(storage: string): boolean {
    return storage === DEFINITIONS || this.#ending.has(storage);
  }

  begin(): void {
    // Where a commit failed, what was read before it may be other than what its revision says now.
    this.#known.clear();
    this.#isStale = true;
  }

  observe({ object, type }: Change): void {
    // The last object of a kind that is being removed may be gone.
    if (object.storage === DEFINITIONS || type === 'deleted') this.#isStale = true;
  }

  work(): number | undefined {
    if (!this.#isStale) return undefined;
    this.#isStale = false;
    const { environment } = this.#support;
    const kind = environment.kinds.findByKind('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
    if (kind === undefined) return undefined;
    const definitions = this.#read(kind);
    this.#judge(kind, definitions);
    this.#serve(definitions.filter((definition) => hasCondition(definition, 'Established')));
    const removals = definitions
      .filter((definition) => isBeingDeleted(definition))
      .map((definition) => this.#remove(kind, definition));
    this.#ending = new Set(removals.flatMap(({ waitsFor }) => waitsFor));
    this.#isStale ||= removals.some(({ hasMore }) => hasMore);
    return this.#isStale ? 0 : undefined;
  }

  /** All definitions, in the order in which they were made; those that did not change are the very same values. */
  #read(kind: Kind): JsonObject[] {
    const stored = this.#support.environment.store.list(kind.storage);
    const names = new Set(stored.map(({ name }) => name));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    return stored
      .map((object) => this.#know(kind, object))
      .sort((a, b) => compareText(madeAt(a), madeAt(b)) || compareText(nameOf(a), nameOf(b)));
  }

  #know(kind: Kind, { name, revision, ...rest }: StoredObject): JsonObject {
    const known = this.#known.get(name);
    if (known?.revision === revision) return known.definition;
    const definition = objectValue(kind, { name, revision, ...rest });
    this.#known.set(name, { revision, definition });
    return definition;
  }

  /** Says in each status which names it has, and whether it is served; changes the list accordingly. */
  #judge(kind: Kind, definitions: JsonObject[]): void {
    const { client, environment } = this.#support;
    const taken = new TakenNames(environment.kinds.builtIn);
    for (const definition of definitions)
      taken.add(textAt(definition, 'spec', 'group'), objectAt(definition, 'status', 'acceptedNames') ?? {});
    const now = formatTime(environment.now());
    for (const [index, definition] of definitions.entries()) {
      if (isBeingDeleted(definition)) continue;
      const verdict = taken.judge(definition);
      taken.add(textAt(definition, 'spec', 'group'), verdict.accepted);
      const status = establishedStatus(definition, verdict, now);
      if (hasStatus(definition, status)) continue;
      definitions[index] = client.update(
        kind,
        definition,
        (next) => void (next['status'] = status),
        'status',
      );
    }
  }

  /**
   * Makes the kinds of the definitions that are new or changed; the others' stay the very same values. Of a kind whose
   * definition is being deleted nothing is created any more.
   */
  #serve(definitions: readonly JsonObject[]): void {
    const names = new Set(definitions.map(nameOf));
    let changed = false;
    for (const name of this.#served.keys()) {
      if (names.has(name)) continue;
      this.#served.delete(name);
      changed = true;
    }
    for (const given of definitions) {
      const definition = asAccepted(given);
      const isEnding = isBeingDeleted(definition);
      const before = this.#served.get(nameOf(definition));
      const made =
        before !== undefined && isSameSpec(before.definition, definition)
          ? before.made
          : this.#make(definition, customKinds);
      if (before?.made === made && before.isEnding === isEnding) continue;
      const kinds = isEnding ? made.map(withoutCreate) : made;
      this.#served.set(nameOf(definition), { definition, isEnding, made, kinds });
      changed = true;
    }
    if (changed)
      this.#support.environment.kinds.setCustom([...this.#served.values()].flatMap(({ kinds }) => kinds));
  }

  /** One definition that cannot be served, although it was valid when it was written, keeps no other from it. */
  #make(definition: JsonObject, make: (definition: JsonObject) => Kind[]): readonly Kind[] {
    try {
      return make(definition);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#support.report(`the kinds of ${nameOf(definition)} cannot be served: ${why}`);
      return [];
    }
  }

  /** Deletes the objects of a kind whose definition is being deleted, and then lets go of the definition. */
  #remove(
    kind: Kind,
    definition: JsonObject,
  ): { readonly waitsFor: readonly string[]; readonly hasMore: boolean } {
    const { client, environment } = this.#support;
    const held = finalizersOf(definition);
    if (!held.includes(CLEANUP_FINALIZER)) return { waitsFor: [], hasMore: false };
    // One that was never established has no objects. All versions are stored in one place, also where none is served.
    const served = this.#served.get(nameOf(definition));
    const custom = served && (served.kinds[0] ?? this.#make(served.definition, storedKinds)[0]);
    const left = custom === undefined ? 0 : this.#empty(custom);
    if (custom !== undefined && left > 0) {
      const condition = removalCondition(definition, formatTime(environment.now()));
      client.update(kind, definition, (next) => putCondition(next, condition), 'status');
      return { waitsFor: [custom.storage], hasMore: left > BATCH };
    }
    client.update(kind, definition, (next) =>
      setFinalizers(
        next,
        held.filter((name) => name !== CLEANUP_FINALIZER),
      ),
    );
    return { waitsFor: [], hasMore: false };
  }

  /** Deletes objects of a kind. @returns how many are left; if more than a batch, there is more to do at once */
  #empty(custom: Kind): number {
    const { client, environment } = this.#support;
    let deleted = 0;
    let left = 0;
    for (const stored of storedObjects(environment.store, custom.storage)) {
      if (deleted === BATCH) return BATCH + 1;
      const object = objectValue(custom, stored);
      if (!isBeingDeleted(object)) {
        client.delete(custom, object);
        deleted++;
      }
      if (environment.store.get(stored) !== undefined) left++;
    }
    return Math.min(left, BATCH);
  }
}

function isSameSpec(one: JsonObject, other: JsonObject): boolean {
  return one === other || equalJson(one['spec'] ?? null, other['spec'] ?? null);
}

function withoutCreate(kind: Kind): Kind {
  return { ...kind, verbs: kind.verbs.filter((verb) => verb !== 'create') };
}

function madeAt(definition: JsonObject): string {
  return textAt(metadataOf(definition), 'creationTimestamp');
}
