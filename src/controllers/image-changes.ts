import { CURRENT_CONFIG_ANNOTATION, CURRENT_IMAGE_ANNOTATION, type MachineConfig } from '../api/index.ts';
import {
  disruptionOf,
  formatDisruptionNote,
  mergePolicies,
  type DisruptionPolicies,
  type LayeredGate,
} from '../machineconfig/index.ts';
import type { ImageChange } from '../rollout/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { CLUSTER } from './os-image-source.ts';
import { clusterKey, type PoolNode } from './resources.ts';

/** What an action of the policy takes a node out of service for; where `Special` does, it has a `Drain` before it. */
const DRAINING: ReadonlySet<string> = new Set(['Drain', 'Reboot']);

/** Ends of changes that are remembered; a pool has few images at a time. */
const MOST_KNOWN = 64;

type GoingGate = Extract<LayeredGate, { readonly kind: 'go' }>;

/** What the costs of changes are worked out from. */
type ChangeView = {
  readonly [Kind in 'machineConfigs' | 'machineConfigurations']: Pick<ClusterView[Kind], 'cache'>;
};

interface Known {
  readonly before: MachineConfig;
  readonly after: MachineConfig;
  readonly policies: object | undefined;
  readonly change: ImageChange | undefined;
}

/**
 * What the way of nodes to an image costs, by the disruption policy (architecture D5). It is worked out once for each pair
 * of images: to compare two configurations takes longer than to look at all nodes of a pool.
 */
export class ImageChanges {
  readonly #view: ChangeView;
  readonly #known = new Map<string, Known>();

  constructor(view: ChangeView) {
    this.#view = view;
  }

  /** The changes that do not cost a reboot, of all that these nodes are to make. */
  to(gate: LayeredGate, nodes: Iterable<PoolNode>): readonly ImageChange[] {
    if (gate.kind !== 'go') return [];
    const changes = new Map<string, ImageChange>();
    const seen = new Set<string>();
    for (const { metadata } of nodes) {
      const config = metadata.annotations?.[CURRENT_CONFIG_ANNOTATION] ?? '';
      const image = metadata.annotations?.[CURRENT_IMAGE_ANNOTATION] ?? '';
      const key = [config, image, gate.machineConfig, gate.image].join('\n');
      if (config === '' || image === '' || image === gate.image || seen.has(key)) continue;
      seen.add(key);
      const change = this.#look(key, config, image, gate);
      if (change !== undefined) changes.set(key, change);
    }
    return [...changes.values()];
  }

  #look(key: string, config: string, image: string, gate: GoingGate): ImageChange | undefined {
    const before = this.#view.machineConfigs.cache.get(clusterKey(config));
    const after = this.#view.machineConfigs.cache.get(clusterKey(gate.machineConfig));
    if (before === undefined || after === undefined) return undefined;
    const policies = this.#view.machineConfigurations.cache.get(clusterKey(CLUSTER));
    const known = this.#known.get(key);
    if (known?.before === before && known.after === after && known.policies === policies) return known.change;
    const merged = mergePolicies(policies?.spec.nodeDisruptionPolicy);
    const change = changeOf({ before, after, image, gate, policies: merged });
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(key, { before, after, policies, change });
    return change;
  }
}

function changeOf({
  before,
  after,
  image,
  gate,
  policies,
}: {
  readonly before: MachineConfig;
  readonly after: MachineConfig;
  readonly image: string;
  readonly gate: GoingGate;
  readonly policies: DisruptionPolicies;
}): ImageChange | undefined {
  const { actions, items } = disruptionOf(before, after, policies);
  const note = formatDisruptionNote({
    from: { config: before.metadata.name, image },
    to: { config: gate.machineConfig, image: gate.image },
    actions,
    items,
  });
  if (note === undefined) return undefined;
  return {
    from: { machineConfig: before.metadata.name, image },
    to: { machineConfig: gate.machineConfig, image: gate.image },
    note,
    isLive: !actions.some(({ type }) => DRAINING.has(type)),
  };
}
