import {
  CURRENT_CONFIG_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  FIRST_CONFIG_ANNOTATION,
  ROLLBACK_CONFIG_ANNOTATION,
  compareNewestFirst,
} from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import { renderedOwner } from './rendered-owner.ts';
import type { MachineConfig, MachineConfigPool, MachineOSBuild, ObjectMeta } from '../api/index.ts';

/** How many rendered MachineConfigs of a pool stay although nothing uses them, the newest. */
const DEFAULT_KEPT = 10;

/** The annotations of a Node that name a rendered MachineConfig. */
const NODE_ANNOTATIONS = [
  CURRENT_CONFIG_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  ROLLBACK_CONFIG_ANNOTATION,
  FIRST_CONFIG_ANNOTATION,
];

/** What may use a rendered MachineConfig: everything there is of each kind, not of one pool alone. */
export interface RenderedUse {
  readonly machineConfigs: readonly MachineConfig[];
  readonly pools: readonly MachineConfigPool[];
  readonly nodes: readonly { readonly metadata: Pick<ObjectMeta, 'annotations'> }[];
  readonly builds: readonly MachineOSBuild[];
  /** @default 10 */
  readonly kept?: number;
}

/**
 * The names of the rendered MachineConfigs that may go, sorted: not what a pool, a node or a build names, nor the newest
 * `kept` of each pool, of which there is always one, since a pool comes to name what was rendered for it only after that
 * exists. Nothing but what a controller rendered for a pool is ever among them.
 */
export function disposableRendered(use: RenderedUse): readonly string[] {
  const used = usedNames(use);
  const kept = Math.max(1, use.kept ?? DEFAULT_KEPT);
  const byPool = Map.groupBy(
    use.machineConfigs.filter(({ metadata }) => renderedOwner(metadata) !== undefined),
    ({ metadata }) => renderedOwner(metadata)?.uid,
  );
  const disposable: string[] = [];
  for (const rendered of byPool.values()) {
    const old = rendered.sort(compareNewestFirst).slice(kept);
    for (const { metadata } of old) if (!used.has(metadata.name)) disposable.push(metadata.name);
  }
  return disposable.sort(compareText);
}

function usedNames({ pools, nodes, builds }: RenderedUse): ReadonlySet<string | undefined> {
  return new Set([
    ...pools.flatMap(({ spec, status }) => [spec.configuration?.name, status?.configuration?.name]),
    ...nodes.flatMap(({ metadata }) => NODE_ANNOTATIONS.map((key) => metadata.annotations?.[key])),
    ...builds.map(({ spec }) => spec.machineConfig.name),
  ]);
}
