import {
  copyJson,
  dns1123SubdomainProblems,
  numberAt,
  sameJson,
  setMember,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import type { Strategy, WriteContext } from './kind.ts';
import { ensureObject, setOrRemove } from './members.ts';

/** What distinguishes a kind from the usual; everything left out is as most kinds have it. */
export interface StrategyRules {
  defaults?(object: JsonObject): void;
  create?(object: JsonObject, context: WriteContext): void;
  update?(object: JsonObject, old: JsonObject, context: WriteContext): void;
  statusUpdate?(object: JsonObject, old: JsonObject, context: WriteContext): void;
  validate?(object: JsonObject): FieldError[];
  /** Called beside `validate` for a new object only. */
  validateNew?(object: JsonObject): FieldError[];
  /** Called beside `validate`, which an update must satisfy too. */
  validateUpdate?(object: JsonObject, old: JsonObject): FieldError[];
  validateStatusUpdate?(object: JsonObject, old: JsonObject): FieldError[];
  /** All problems of a name; subdomains by default. */
  readonly names?: (name: string) => string[];
  /** What a new object has as status; absent for a kind without the status subresource. */
  readonly status?: () => JsonObject;
  /** Whether an update counts the generation; absent for a kind that has none. */
  readonly counts?: (object: JsonObject, old: JsonObject) => boolean;
  readonly createsOnUpdate?: boolean;
  readonly updatesUnconditionally?: boolean;
  readonly returnsDeleted?: boolean;
  gracePeriodSeconds?(object: JsonObject, requested: number | undefined): number;
  readonly defaultPropagation?: 'Background' | 'Orphan';
}

/** A Strategy from what distinguishes it. */
export function strategyOf(rules: StrategyRules): Strategy {
  const { counts, status } = rules;
  return {
    applyDefaults: (object) => rules.defaults?.(object),
    prepareForCreate(object, context) {
      if (status !== undefined) object['status'] = status();
      if (counts !== undefined) ensureObject(object, 'metadata')['generation'] = 1;
      rules.create?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      if (status !== undefined) setOrRemove(object, 'status', valueAt(old, 'status'));
      rules.update?.(object, old, context);
      if (counts === undefined) return;
      const before = numberAt(old, 'metadata', 'generation') ?? 0;
      ensureObject(object, 'metadata')['generation'] = counts(object, old) ? before + 1 : before;
    },
    prepareForStatusUpdate(object, old, context) {
      for (const key of Object.keys(object)) {
        if (!STATUS_UPDATE_KEEPS.has(key)) delete object[key];
      }
      for (const [key, value] of Object.entries(old)) {
        if (!STATUS_UPDATE_KEEPS.has(key)) setMember(object, key, copyJson(value));
      }
      rules.statusUpdate?.(object, old, context);
    },
    validate: (object) => [...(rules.validate?.(object) ?? []), ...(rules.validateNew?.(object) ?? [])],
    validateUpdate: (object, old) => [
      ...(rules.validate?.(object) ?? []),
      ...(rules.validateUpdate?.(object, old) ?? []),
    ],
    validateStatusUpdate: (object, old) => rules.validateStatusUpdate?.(object, old) ?? [],
    nameProblem: (name) => (rules.names ?? dns1123SubdomainProblems)(name)[0],
    createsOnUpdate: rules.createsOnUpdate ?? false,
    updatesUnconditionally: rules.updatesUnconditionally ?? true,
    returnsDeleted: rules.returnsDeleted ?? false,
    deletesGracefully: rules.gracePeriodSeconds !== undefined,
    gracePeriodSeconds: (object, requested) => rules.gracePeriodSeconds?.(object, requested) ?? 0,
    defaultPropagation: rules.defaultPropagation ?? 'Background',
  };
}

/** The usual rule for counting the generation. */
export function specChanged(object: JsonObject, old: JsonObject): boolean {
  return !sameJson(valueAt(object, 'spec'), valueAt(old, 'spec'));
}

/** Built-in kinds let labels, annotations and other metadata through their status. */
const STATUS_UPDATE_KEEPS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status']);
