import {
  equalJson,
  isTrueAt,
  listAt,
  objectAt,
  objectsAt,
  textAt,
  type JsonObject,
} from '../../schema/index.ts';
import { conditionOf, hasCondition } from '../kinds/index.ts';
import type { NameVerdict } from './definition-names.ts';

/** The status of a definition whose names have been judged. @param now as objects have it */
export function establishedStatus(
  definition: JsonObject,
  { accepted, problem }: NameVerdict,
  now: string,
): JsonObject {
  // Once served, a kind stays served, whatever becomes of its names.
  const isServed = problem === undefined || hasCondition(definition, 'Established');
  const own: ReadonlySet<unknown> = new Set(['NamesAccepted', 'Established']);
  return {
    conditions: [
      withTransition(definition, now, {
        type: 'NamesAccepted',
        status: problem === undefined ? 'True' : 'False',
        reason: problem?.reason ?? 'NoConflicts',
        message: problem?.message ?? 'no conflicts found',
      }),
      withTransition(definition, now, {
        type: 'Established',
        status: isServed ? 'True' : 'False',
        reason: isServed ? 'InitialNamesAccepted' : 'NotAccepted',
        message: isServed ? 'the initial names have been accepted' : 'not all names are accepted',
      }),
      ...objectsAt(definition, 'status', 'conditions').filter(({ type }) => !own.has(type)),
    ],
    acceptedNames: accepted,
    storedVersions: storedVersions(definition),
  };
}

/** Whether a definition's status says this already. */
export function hasStatus(definition: JsonObject, status: JsonObject): boolean {
  return equalJson(objectAt(definition, 'status') ?? {}, status);
}

/** The condition of a definition whose objects are being removed. */
export function removalCondition(definition: JsonObject, now: string): JsonObject {
  return withTransition(definition, now, {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  });
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A condition with the time at which its status became what it is. */
function withTransition(definition: JsonObject, now: string, condition: Condition): JsonObject {
  const { type, status, reason, message } = condition;
  const old = conditionOf(definition, type);
  const since = textAt(old, 'status') === status ? textAt(old, 'lastTransitionTime') : '';
  return { type, status, lastTransitionTime: since === '' ? now : since, reason, message };
}

/** The versions in which objects were ever stored; the present one comes last. */
function storedVersions(definition: JsonObject): string[] {
  const now = objectsAt(definition, 'spec', 'versions')
    .filter((version) => isTrueAt(version, 'storage'))
    .map((version) => textAt(version, 'name'));
  const known = listAt(definition, 'status', 'storedVersions').map(String);
  return [...known, ...now.filter((name) => !known.includes(name))];
}
