/** What a token is to allow on one repository. */
export interface Scope {
  readonly repository: string;
  /** Sorted and without repeats. */
  readonly actions: readonly ('delete' | 'pull' | 'push')[];
}

/** Leave to read a repository. */
export function pullScope(repository: string): Scope {
  return { repository, actions: ['pull'] };
}

/** Leave to read and write a repository. */
export function pushScope(repository: string): Scope {
  return { repository, actions: ['pull', 'push'] };
}

/** Leave to delete from a repository. */
export function deleteScope(repository: string): Scope {
  return { repository, actions: ['delete', 'pull'] };
}

/**
 * The `scope` values of a token request: ours, and what the challenge asked for besides.
 * Scopes of one repository are merged, because token services grant each value on its own.
 */
export function scopeValues(scopes: readonly Scope[], challenged: string | undefined): readonly string[] {
  const actions = new Map<string, Set<string>>();
  const add = (name: string, list: readonly string[]): void => {
    const known = actions.get(name) ?? new Set();
    for (const action of list) known.add(action);
    actions.set(name, known);
  };
  for (const scope of scopes) add(`repository:${scope.repository}`, scope.actions);
  for (const value of (challenged ?? '').split(' ').filter((part) => part !== '')) {
    const colon = value.lastIndexOf(':');
    if (colon > 0) add(value.slice(0, colon), value.slice(colon + 1).split(','));
    else add(value, []);
  }
  return [...actions].map(([name, set]) => (set.size === 0 ? name : `${name}:${[...set].sort().join(',')}`));
}
