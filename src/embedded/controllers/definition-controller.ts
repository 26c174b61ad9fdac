import {
  equalJson,
  isTrueAt,
  listAt,
  objectsAt,
  textAt,
  valueAt,
  formatTime,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import { customKinds, hasCondition, type Kind } from '../kinds/index.ts';
import {
  CLEANUP_FINALIZER,
  finalizersOf,
  isBeingDeleted,
  nameOf,
  objectValue,
  setFinalizers,
} from '../rest/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';

const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';

/**
 * Serves the kinds that CustomResourceDefinitions define, says in their status that they are served, and removes their
 * objects with them.
 */
export class DefinitionController implements Controller {
  readonly name = 'custom-resource-definition';
  readonly #support: ControllerSupport;
  readonly #made = new Map<string, { readonly version: string; readonly kinds: readonly Kind[] }>();
  #isStale = true;

  constructor(support: ControllerSupport) {
    this.#support = support;
  }

  wants(storage: string): boolean {
    return storage === DEFINITIONS || this.#isCustom(storage);
  }

  begin(): void {
    this.#isStale = true;
  }

  observe({ object, type }: Change): void {
    // The last object of a kind that is being removed may be gone.
    if (object.storage === DEFINITIONS || type === 'deleted') this.#isStale = true;
  }

  work(): undefined {
    if (!this.#isStale) return undefined;
    this.#isStale = false;
    const { environment } = this.#support;
    const kind = environment.kinds.findByKind('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
    if (kind === undefined) return undefined;
    const definitions = environment.store.list(kind.storage).map((stored) => objectValue(kind, stored));
    for (const [index, definition] of definitions.entries()) {
      if (!isBeingDeleted(definition)) definitions[index] = this.#establish(kind, definition, definitions);
    }
    this.#serve(definitions.filter((definition) => hasCondition(definition, 'Established')));
    for (const definition of definitions) {
      if (isBeingDeleted(definition)) this.#remove(kind, definition);
    }
    return undefined;
  }

  #isCustom(storage: string): boolean {
    return this.#support.environment.kinds.all.some((kind) => kind.custom && kind.storage === storage);
  }

  /**
   * Makes the kinds of the definitions that are new or changed; the others' stay the very same values. Of a kind whose
   * definition is being deleted nothing is created any more.
   */
  #serve(definitions: readonly JsonObject[]): void {
    const names = new Set(definitions.map(nameOf));
    let changed = false;
    for (const name of this.#made.keys()) {
      if (names.has(name)) continue;
      this.#made.delete(name);
      changed = true;
    }
    for (const definition of definitions) {
      const isEnding = isBeingDeleted(definition);
      const version = JSON.stringify([definition['spec'] ?? null, isEnding]);
      const name = nameOf(definition);
      if (this.#made.get(name)?.version === version) continue;
      const kinds = customKinds(definition);
      this.#made.set(name, { version, kinds: isEnding ? kinds.map(withoutCreate) : kinds });
      changed = true;
    }
    if (changed)
      this.#support.environment.kinds.setCustom([...this.#made.values()].flatMap(({ kinds }) => kinds));
  }

  /** Says in the status that the kind is served, or that another definition has its names. */
  #establish(kind: Kind, definition: JsonObject, all: readonly JsonObject[]): JsonObject {
    const { client, environment } = this.#support;
    const clash = nameClash(definition, all);
    const now = formatTime(environment.now());
    return client.update(
      kind,
      definition,
      (next) => {
        const conditions = objectsAt(next, 'status', 'conditions');
        const accepted = clash === undefined;
        // Once served, a kind stays served, whatever becomes of its names.
        const served = accepted || hasCondition(next, 'Established');
        next['status'] = {
          conditions: [
            withTransition(conditions, now, {
              type: 'NamesAccepted',
              status: accepted ? 'True' : 'False',
              reason: accepted ? 'NoConflicts' : 'NotAccepted',
              message: accepted ? 'no conflicts found' : clash,
            }),
            withTransition(conditions, now, {
              type: 'Established',
              status: served ? 'True' : 'False',
              reason: served ? 'InitialNamesAccepted' : 'NotAccepted',
              message: served ? 'the initial names have been accepted' : 'not all names are accepted',
            }),
            ...conditions.filter(({ type }) => type !== 'NamesAccepted' && type !== 'Established'),
          ],
          acceptedNames: valueAt(next, ...(accepted ? ['spec', 'names'] : ['status', 'acceptedNames'])) ?? {},
          storedVersions: storedVersions(next),
        };
      },
      'status',
    );
  }

  /** Deletes the objects of a kind whose definition is being deleted, and then lets go of the definition. */
  #remove(kind: Kind, definition: JsonObject): void {
    const { client, environment } = this.#support;
    const held = finalizersOf(definition);
    if (!held.includes(CLEANUP_FINALIZER)) return;
    const own = this.#made.get(nameOf(definition))?.kinds ?? [];
    const storages = new Map(own.map((custom) => [custom.storage, custom]));
    let left = 0;
    for (const [storage, custom] of storages) {
      for (const stored of environment.store.list(storage)) {
        const object = objectValue(custom, stored);
        if (!isBeingDeleted(object)) client.delete(custom, object);
        if (environment.store.get(stored) !== undefined) left++;
      }
    }
    if (left === 0) {
      client.update(kind, definition, (next) =>
        setFinalizers(
          next,
          held.filter((name) => name !== CLEANUP_FINALIZER),
        ),
      );
    }
  }
}

function withoutCreate(kind: Kind): Kind {
  return { ...kind, verbs: kind.verbs.filter((verb) => verb !== 'create') };
}

/** Why a definition's names cannot be served: an older one has them. */
function nameClash(definition: JsonObject, all: readonly JsonObject[]): string | undefined {
  for (const other of all) {
    if (nameOf(other) === nameOf(definition) || !hasCondition(other, 'Established')) continue;
    if (textAt(other, 'spec', 'group') !== textAt(definition, 'spec', 'group')) continue;
    for (const member of ['plural', 'singular', 'kind', 'listKind']) {
      const name = textAt(definition, 'spec', 'names', member);
      if (name !== '' && name === textAt(other, 'spec', 'names', member))
        return `${JSON.stringify(name)} is already in use`;
    }
  }
  return undefined;
}

/** A condition with the time at which its status became what it is. */
function withTransition(
  conditions: readonly JsonObject[],
  now: string,
  condition: Record<string, Json>,
): JsonObject {
  const old = conditions.find(({ type }) => type === condition['type']);
  const same = old !== undefined && equalJson(old['status'] ?? null, condition['status'] ?? null);
  return {
    type: condition['type'] ?? '',
    status: condition['status'] ?? '',
    lastTransitionTime: same ? (old['lastTransitionTime'] ?? now) : now,
    reason: condition['reason'] ?? '',
    message: condition['message'] ?? '',
  };
}

/** The versions in which objects were ever stored; the present one comes last. */
function storedVersions(definition: JsonObject): string[] {
  const now = objectsAt(definition, 'spec', 'versions')
    .filter((version) => isTrueAt(version, 'storage'))
    .map((version) => textAt(version, 'name'));
  const known = listAt(definition, 'status', 'storedVersions').map(String);
  return [...known, ...now.filter((name) => !known.includes(name))];
}
