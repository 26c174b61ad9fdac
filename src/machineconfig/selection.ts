import {
  ROLE_LABEL,
  formatField,
  isEmptySelector,
  labelSelectorProblems,
  matchesSelector,
} from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import { renderError, throwProblems } from './render-problems.ts';
import type { Problem } from './machineconfig-error.ts';
import type { LabelSelector, MachineConfig, MachineConfigPool } from '../api/index.ts';

/** Names listed when a pool selects nothing. */
const MAX_LISTED = 5;

const SELECTOR = 'spec.machineConfigSelector';

/**
 * The MachineConfigs of a pool in merge order: those of the role `worker` first, then all others, each group by
 * name in byte order. So a pool's own MachineConfigs beat the workers' whatever they are called (contract §2.2).
 *
 * @param machineConfigs all there are
 * @throws MachineConfigError `no-selector`, `selects-everything`, `selects-nothing`, `duplicate-name`, or
 *   `invalid-machine-config` for a MachineConfig without labels, which has no place in that order
 */
export function selectMachineConfigs(
  pool: MachineConfigPool,
  machineConfigs: readonly MachineConfig[],
): readonly MachineConfig[] {
  const { name } = pool.metadata;
  refuseDuplicates(name, machineConfigs);
  const selector = pool.spec.machineConfigSelector;
  if (selector === undefined) {
    const message = `missing, so the pool selects no MachineConfig; match the label ${ROLE_LABEL}`;
    throw renderError('no-selector', name, [{ field: SELECTOR, message }]);
  }
  if (isEmptySelector(selector)) {
    const message = `empty, which would select every MachineConfig; match the label ${ROLE_LABEL}`;
    throw renderError('selects-everything', name, [{ field: SELECTOR, message }]);
  }
  throwProblems('selects-nothing', name, selectorProblems(selector));
  const selected = machineConfigs.filter(({ metadata }) => matchesSelector(selector, metadata.labels));
  if (selected.length === 0)
    throw renderError('selects-nothing', name, [{ field: SELECTOR, message: describeMiss(machineConfigs) }]);
  const unlabelled = selected.filter(({ metadata }) => Object.keys(metadata.labels ?? {}).length === 0);
  throwProblems(
    'invalid-machine-config',
    name,
    unlabelled.map(({ metadata }) => ({
      machineConfig: metadata.name,
      field: 'metadata.labels',
      message: `missing; set ${ROLE_LABEL} to the name of a pool`,
    })),
  );
  return selected.sort(compareMergeOrder);
}

/** A schema lets any operator, key and value through; one that Kubernetes could not use matches nothing, and has a reason. */
function selectorProblems(selector: LabelSelector): readonly Problem[] {
  return labelSelectorProblems(selector, ['spec', 'machineConfigSelector']).map(({ field, message }) => {
    const name = formatField(field);
    return { field: name, message: message.slice(`${name}: `.length) };
  });
}

function refuseDuplicates(pool: string, machineConfigs: readonly MachineConfig[]): void {
  const seen = new Set<string>();
  const duplicates = new Set<string>();
  for (const { metadata } of machineConfigs) {
    if (seen.has(metadata.name)) duplicates.add(metadata.name);
    seen.add(metadata.name);
  }
  throwProblems(
    'duplicate-name',
    pool,
    [...duplicates].map((machineConfig) => ({
      machineConfig,
      field: 'metadata.name',
      message: 'used more than once',
    })),
  );
}

function compareMergeOrder(left: MachineConfig, right: MachineConfig): number {
  const byGroup = Number(!isWorkers(left)) - Number(!isWorkers(right));
  if (byGroup !== 0) return byGroup;
  // Names are ASCII (contract §1.0), so code units compare as bytes.
  return compareText(left.metadata.name, right.metadata.name);
}

function isWorkers({ metadata }: MachineConfig): boolean {
  return metadata.labels?.[ROLE_LABEL] === 'worker';
}

/** Says what there is, since the usual cause is a label that is missing or misspelt. */
function describeMiss(machineConfigs: readonly MachineConfig[]): string {
  const miss = 'matches no MachineConfig';
  if (machineConfigs.length === 0) return `${miss}: there are none`;
  const roles = machineConfigs.map(({ metadata }) => metadata.labels?.[ROLE_LABEL]);
  const found = [...new Set(roles.filter((role) => role !== undefined))].sort();
  const without = machineConfigs
    .filter((_, index) => roles[index] === undefined)
    .map(({ metadata }) => metadata.name);
  const parts: string[] = [];
  if (found.length > 0) parts.push(`there are some with the role ${list(found)}`);
  if (without.length > 0) parts.push(`the label ${ROLE_LABEL} is missing from ${list(without.sort())}`);
  return `${miss}: ${parts.join('; ')}`;
}

function list(words: readonly string[]): string {
  const shown = words.slice(0, MAX_LISTED).join(', ');
  return words.length > MAX_LISTED ? `${shown} and ${words.length - MAX_LISTED} more` : shown;
}
