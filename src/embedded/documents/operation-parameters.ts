/** A parameter of an operation, in the query or in the path. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

export const PATH_PARAMETERS: Readonly<Record<'name' | 'namespace', Parameter>> = {
  name: { name: 'name', in: 'path', type: 'string', description: 'The name of the object.' },
  namespace: { name: 'namespace', in: 'path', type: 'string', description: 'The namespace of the object.' },
};

/** Of every operation. */
export const PRETTY: Parameter = query('pretty', 'string', 'If "true", the answer is indented.');

const DRY_RUN = query('dryRun', 'string', 'With "All" everything is checked and nothing is stored.');
const FIELD_MANAGER = query('fieldManager', 'string', 'Who makes this change: the owner of the fields set.');
const FIELD_VALIDATION = query(
  'fieldValidation',
  'string',
  'What unknown or duplicate fields lead to: "Ignore" drops them, "Warn" answers with warnings, "Strict" refuses.',
);

export const WRITE_PARAMETERS: readonly Parameter[] = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];

export const PATCH_PARAMETERS: readonly Parameter[] = [
  ...WRITE_PARAMETERS,
  query('force', 'boolean', 'Takes over fields that others own. Only for apply patches.'),
];

export const DELETE_PARAMETERS: readonly Parameter[] = [
  DRY_RUN,
  query('gracePeriodSeconds', 'integer', 'How long the object may take to end; 0 deletes it at once.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: "Orphan", "Background" or "Foreground".'),
];

export const LIST_PARAMETERS: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Whether a watch may send bookmarks.'),
  query('continue', 'string', 'The continue token of the previous chunk.'),
  query('fieldSelector', 'string', 'Limits the list to objects with certain fields.'),
  query('labelSelector', 'string', 'Limits the list to objects with certain labels.'),
  query('limit', 'integer', 'At most so many objects; the rest is had with the continue token.'),
  query('resourceVersion', 'string', 'The state to list, or after which to watch.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: "NotOlderThan" or "Exact".'),
  query('sendInitialEvents', 'boolean', 'Whether a watch begins with the present state.'),
  query('timeoutSeconds', 'integer', 'How long a watch lasts.'),
  query('watch', 'boolean', 'Whether changes are sent as they happen.'),
];

function query(name: string, type: Parameter['type'], description: string): Parameter {
  return { name, in: 'query', type, description };
}
