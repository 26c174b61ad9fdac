/** Bodies that were too large to be recorded: what stands in the recording, and such a body. */
const BODIES: Readonly<Record<string, () => string>> = {
  '(annotation of 262145 bytes)': () =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x', annotations: { a: 'x'.repeat(262_144) } },
    }),
  '(data of 1 MiB + 1)': () =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'big' },
      data: { a: 'x'.repeat(1_048_577) },
    }),
  '(body of 3.2 MB)': () =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'big' },
      data: { a: 'x'.repeat(3_200_000) },
    }),
  '(10001 operations)': () =>
    JSON.stringify(
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/metadata/name', value: 'p1' })),
    ),
};

/** A request's body as text; undefined if it has none. */
export function bodyText(recorded: unknown): string | undefined {
  if (recorded === null || recorded === undefined) return undefined;
  if (typeof recorded !== 'string') return JSON.stringify(recorded);
  return BODIES[recorded]?.() ?? recorded;
}
