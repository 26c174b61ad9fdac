/** How many nodes may be out of service at once, or what is wrong with the pool's word for it. */
export type MaxUnavailable =
  | { readonly ok: true; readonly nodes: number }
  | { readonly ok: false; readonly message: string };

/**
 * Reads `spec.maxUnavailable` of a pool (contract §3.3): a share is rounded down, and less than one node is one. The pool
 * `arbiter` goes node by node whatever it says.
 *
 * @param total how many nodes the pool has
 */
export function maxUnavailable(
  pool: string,
  value: number | string | undefined,
  total: number,
): MaxUnavailable {
  if (pool === 'arbiter' || value === undefined) return { ok: true, nodes: 1 };
  if (typeof value === 'number') return { ok: true, nodes: Math.max(1, Math.trunc(value)) };
  const percent = /^(\d{1,9})%$/.exec(value)?.[1];
  if (percent === undefined) {
    const message = `spec.maxUnavailable: expected a whole number of nodes or a percentage such as "10%", received ${JSON.stringify(value)}`;
    return { ok: false, message };
  }
  return { ok: true, nodes: Math.max(1, Math.floor((Number(percent) * total) / 100)) };
}
