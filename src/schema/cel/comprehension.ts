import { CelError, noSuchOverload } from './errors.ts';
import { InnerScope, tolerable, truth } from './scope.ts';
import type { Evaluator, Scope } from './scope.ts';
import type { Comprehension } from './syntax.ts';
import { ArrayList, CelList, CelMap, EntryMap } from './values.ts';
import type { CelValue } from './values.ts';

/** Evaluates a macro over the items of a list or the keys of a map. */
export function comprehend(
  { macro, variables }: Comprehension,
  range: Evaluator,
  body: Evaluator,
  filter: Evaluator | undefined,
): Evaluator {
  /** Calls `each` with the scope of every item that the filter lets through, until it gives true. */
  const visit = (
    outer: Scope,
    each: (scope: InnerScope, item: readonly CelValue[]) => boolean | undefined,
  ): void => {
    const scope = new InnerScope(outer, variables);
    for (const item of itemsOf(range(outer), variables.length)) {
      outer.budget.spend(2);
      scope.set(...item);
      if (filter !== undefined && !truth(filter(scope))) continue;
      if (each(scope, item) === true) return;
    }
  };
  switch (macro) {
    case 'all':
    case 'exists': {
      const decisive = macro === 'exists';
      return (outer) => {
        let failure: CelError | undefined;
        let decided = false;
        visit(outer, (scope) => {
          try {
            decided = truth(body(scope)) === decisive;
          } catch (error) {
            failure ??= tolerable(error);
          }
          return decided;
        });
        if (!decided && failure !== undefined) throw failure;
        return decided ? decisive : !decisive;
      };
    }
    case 'exists_one':
      return (outer) => {
        let count = 0;
        visit(outer, (scope) => {
          if (truth(body(scope))) count += 1;
          return false;
        });
        return count === 1;
      };
    case 'filter':
    case 'map':
    case 'transformList':
      return (outer) => {
        const made: CelValue[] = [];
        visit(outer, (scope, [first = null]) => {
          const value = body(scope);
          if (macro !== 'filter') made.push(value);
          else if (truth(value)) made.push(first);
          return false;
        });
        return new ArrayList(made);
      };
    case 'transformMap':
    case 'transformMapEntry':
      return (outer) => {
        const made = new EntryMap();
        visit(outer, (scope, [key = null]) => {
          const value = body(scope);
          if (macro === 'transformMap') made.insert(key, value);
          else insertAll(made, value);
          return false;
        });
        return made;
      };
  }
}

function insertAll(map: EntryMap, entries: CelValue): void {
  if (!(entries instanceof CelMap)) throw noSuchOverload();
  for (const key of entries.keys()) map.insert(key, entries.get(key) ?? null);
}

/** The values of the macro's variables, item by item. */
function* itemsOf(range: CelValue, variables: number): Generator<readonly CelValue[], void> {
  if (range instanceof CelList) {
    for (let index = 0; index < range.size; index += 1) {
      yield variables === 1 ? [range.at(index)] : [BigInt(index), range.at(index)];
    }
  } else if (range instanceof CelMap) {
    for (const key of range.keys()) yield variables === 1 ? [key] : [key, range.get(key) ?? null];
  } else {
    throw new CelError('no such overload');
  }
}
