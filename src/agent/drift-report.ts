import type { Condition } from '../api/index.ts';
import type { PathProblem } from './file-problem.ts';
import type { Drift } from './find-drift.ts';

/** What becomes of image-owned files that were changed on the node. */
export type DriftPolicy = 'Heal' | 'Report';

/** How the files of a node compare with its image's. */
export interface DriftReport {
  readonly policy: DriftPolicy;
  /** What differs now. */
  readonly drifts: readonly Drift[];
  /** Of those, what differed from the image before as well: the update did not bring the new content. */
  readonly survived: ReadonlySet<string>;
  /** Of those, what was healed again and again. */
  readonly contested: ReadonlySet<string>;
  /** What could not be healed, placed or removed. */
  readonly problems: readonly PathProblem[];
}

/** The type of the condition of a MachineConfigNode: True while image-owned files differ on the node. Not of the contract. */
export const CONFIG_DRIFTED = 'ConfigDrifted';

/** Paths that are named; the rest is a number. */
const NAMED = 10;

/** What a MachineConfigNode is to say of its node's files; names paths and MachineConfigs, never what is in a file. */
export function driftCondition(report: DriftReport): Condition {
  const { drifts, problems } = report;
  const type = CONFIG_DRIFTED;
  const blocked = problems.filter(({ path }) => !drifts.some((drift) => drift.path === path));
  if (drifts.length === 0 && blocked.length === 0) {
    const message = "Every file of the node that is its image's is as the image has it.";
    return { type, status: 'False', reason: 'AsExpected', message };
  }
  const parts = [
    ...(drifts.length === 0
      ? []
      : [`${sentence(drifts.length)}: ${listed(drifts.map((drift) => named(drift, report)))}.`]),
    ...(blocked.length === 0
      ? []
      : [`Cannot be brought in line: ${listed(blocked.map(({ path, reason }) => `${path} (${reason})`))}.`]),
    advice(report),
  ];
  return { type, status: 'True', reason: reasonOf(report), message: parts.join(' ') };
}

/** The same for an event (contract §5.5, `ConfigDriftDetected`), of what is new. */
export function driftMessage(drifts: readonly Drift[]): string {
  return `${sentence(drifts.length)}: ${listed(drifts.map((drift) => whose(drift, drift.kinds.join(', '))))}.`;
}

function reasonOf({ policy, drifts, contested, problems }: DriftReport): string {
  if (drifts.length === 0) return 'PlacingFailed';
  if (policy === 'Report') return 'FilesChanged';
  if (contested.size > 0) return 'FilesContested';
  return problems.length > 0 ? 'HealingFailed' : 'Healing';
}

function sentence(count: number): string {
  return count === 1 ? 'A path differs from the image' : `${count} paths differ from the image`;
}

function named(drift: Drift, { survived, contested, problems }: DriftReport): string {
  const { path, kinds, reason } = drift;
  const problem = problems.find((one) => one.path === path);
  return whose(
    drift,
    [
      kinds.join(', '),
      ...(reason === undefined ? [] : [reason]),
      ...(survived.has(path) ? ["kept by the update, so the new image's is not in effect"] : []),
      ...(contested.has(path) ? ['something on the node writes it again and again'] : []),
      ...(problem === undefined ? [] : [`cannot be healed: ${problem.reason}`]),
    ].join('; '),
  );
}

function whose({ path, machineConfigs }: Drift, remarks: string): string {
  const owner = machineConfigs.at(-1);
  return `${path} (${remarks}${owner === undefined ? '' : `; MachineConfig ${owner}`})`;
}

function listed(parts: readonly string[]): string {
  const more = parts.length - NAMED;
  return [...parts.slice(0, NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function advice({ policy, contested }: DriftReport): string {
  if (contested.size > 0) {
    const [path = ''] = contested;
    return `To find what writes them: \`auditctl -w ${path} -p wa -k varve\`, then \`ausearch -k varve\`; take the files out of it, or out of the MachineConfigs.`;
  }
  return policy === 'Heal'
    ? '`varve agent status` on the node shows the differences.'
    : '`varve agent status` on the node shows the differences; put the change into a MachineConfig, or set the annotation varve.dev/drift-policy: Heal on the pool to have the files of the image put back.';
}
