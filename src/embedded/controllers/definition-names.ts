import {
  equalJson,
  goQuote,
  objectAt,
  textAt,
  textsAt,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import { aggregate } from '../status/index.ts';

/** What the names of a definition come to. */
export interface NameVerdict {
  /** Those that it may have. */
  readonly accepted: JsonObject;
  /** Why it may not have all that it wants. */
  readonly problem: { readonly reason: string; readonly message: string } | undefined;
}

/** The names that are taken, by API group: of resources (plural, singular, short), and of kinds and their lists. */
export class TakenNames {
  readonly #resources = new Set<string>();
  readonly #kinds = new Set<string>();

  /** @param builtIn whose names no definition can have: their objects would be taken for its own, and removed with it */
  constructor(builtIn: readonly Kind[]) {
    for (const { group, plural, singular, shortNames, kind, listKind } of builtIn)
      this.add(group, { plural, singular, shortNames: [...shortNames], kind, listKind });
  }

  /** Takes the names of a definition. */
  add(group: string, names: JsonObject): void {
    for (const name of [textAt(names, 'plural'), textAt(names, 'singular'), ...textsAt(names, 'shortNames')])
      if (name !== '') this.#resources.add(`${group}/${name}`);
    for (const member of ['kind', 'listKind']) {
      const name = textAt(names, member);
      if (name !== '') this.#kinds.add(`${group}/${name}`);
    }
  }

  /**
   * Which of the names that a definition wants it may have: those that it has, and those that are free
   * (apiextensions-apiserver, NamingConditionController).
   */
  judge(definition: JsonObject): NameVerdict {
    const group = textAt(definition, 'spec', 'group');
    const wanted = objectAt(definition, 'spec', 'names') ?? {};
    const own = objectAt(definition, 'status', 'acceptedNames') ?? {};
    const accepted: Record<string, Json> = {};
    let problem: NameVerdict['problem'];
    for (const { member, taken, reason } of this.#members()) {
      const [names, held] = [namesIn(wanted, member), namesIn(own, member)];
      const conflicts = names.filter((name) => !held.includes(name) && taken.has(`${group}/${name}`));
      if (conflicts.length > 0) {
        const texts = conflicts.map((name) => `${goQuote(name)} is already in use`);
        // The last one stays, as in Kubernetes.
        problem = { reason: `${reason}Conflict`, message: aggregate(texts) };
      }
      const value = (conflicts.length === 0 ? wanted : own)[member];
      if (value !== undefined) accepted[member] = value;
    }
    const categories = wanted['categories'];
    return { accepted: categories === undefined ? accepted : { ...accepted, categories }, problem };
  }

  #members(): readonly {
    readonly member: string;
    readonly taken: ReadonlySet<string>;
    readonly reason: string;
  }[] {
    return [
      { member: 'plural', taken: this.#resources, reason: 'Plural' },
      { member: 'singular', taken: this.#resources, reason: 'Singular' },
      { member: 'shortNames', taken: this.#resources, reason: 'ShortNames' },
      { member: 'kind', taken: this.#kinds, reason: 'Kind' },
      { member: 'listKind', taken: this.#kinds, reason: 'ListKind' },
    ];
  }
}

function namesIn(names: JsonObject, member: string): readonly string[] {
  const one = textAt(names, member);
  return one === '' ? textsAt(names, member) : [one];
}

/** A definition as it is served: with the names that it was accepted with. */
export function asAccepted(definition: JsonObject): JsonObject {
  const spec = objectAt(definition, 'spec') ?? {};
  const names = objectAt(definition, 'status', 'acceptedNames');
  if (names === undefined || equalJson(names, spec['names'] ?? null)) return definition;
  return { ...definition, spec: { ...spec, names } };
}
