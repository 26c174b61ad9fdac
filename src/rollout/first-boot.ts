import type { MachineConfigPool } from '../api/index.ts';

/**
 * The labels by which a pool's selector takes a node (contract §3.5): `matchLabels`, `In` with one value and `Exists`, which
 * takes an empty value; `matchLabels` win. Other operators ask for nothing that could be given.
 */
export function poolLabels(
  selector: MachineConfigPool['spec']['nodeSelector'],
): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const [value, ...others] = values ?? [];
    if (operator === 'Exists') labels[key] = '';
    if (operator === 'In' && value !== undefined && others.length === 0) labels[key] = value;
  }
  return { ...labels, ...selector?.matchLabels };
}
