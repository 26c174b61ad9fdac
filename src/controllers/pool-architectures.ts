import type { MachineConfig, MachineConfigPool, MachineOSConfig } from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import { mayNeedContainer, OsBuildError, type Architectures, type BuildSituation } from '../osbuild/index.ts';
import { primaryPool } from '../rollout/index.ts';
import type { ClusterView } from './cluster-view.ts';
import type { PoolNode } from './resources.ts';
import type { ControllerSettings } from './support.ts';

/** Annotation of a MachineOSConfig, or of its pool: the architectures of the pool's image, `amd64,arm64`, or `all` of the base. */
const ARCHITECTURES_ANNOTATION = 'varve.dev/architectures';

/** What decides on the architectures of a pool's image. */
export interface ArchitecturesInput {
  readonly pool: MachineConfigPool;
  readonly osConfig: MachineOSConfig;
  readonly rendered: MachineConfig;
  /** The architectures of the pool's nodes, looked up only where they count. */
  readonly ofNodes: () => readonly string[];
  /** Of the whole installation. */
  readonly setting: Architectures;
  /** Of this machine, as GOARCH names it; absent: nobody knows. */
  readonly own: string | undefined;
}

/** The architectures that a pool's image is built for. */
export interface PoolArchitectures {
  /** Of a base for several. */
  readonly architectures: Architectures;
  /** Those that the image has to have, since there are nodes of them, or a person says so. */
  readonly required?: readonly string[];
}

/**
 * The architectures that a pool's image is built for: what `varve.dev/architectures` says; else what the installation's setting
 * says; else all that the base has, since a layer of configuration costs next to nothing and a node of any of them may join. But
 * a container build runs natively (nothing is emulated): it is made for the architectures of the pool's nodes, or before there are
 * any for that of this machine.
 *
 * @throws OsBuildError `invalid-os-config` for an annotation that names none
 */
export function poolArchitectures(input: ArchitecturesInput): PoolArchitectures {
  const { pool, osConfig, rendered, ofNodes, setting, own } = input;
  for (const { kind, metadata } of [osConfig, pool]) {
    const text = metadata.annotations?.[ARCHITECTURES_ANNOTATION];
    if (text !== undefined) return required(readAnnotation(text, `${kind} ${metadata.name}`));
  }
  if (setting !== 'all' || !mayNeedContainer(rendered, osConfig)) return { architectures: setting };
  const found = ofNodes();
  if (found.length > 0) return required(found);
  return { architectures: own === undefined ? 'all' : [own] };
}

/** {@link poolArchitectures} as a cluster has it. */
export function architecturesOf(
  {
    pool,
    osConfig,
    rendered,
  }: Pick<ArchitecturesInput, 'pool' | 'osConfig'> & { readonly rendered: MachineConfig | undefined },
  { nodes, pools }: Pick<ClusterView, 'nodes' | 'pools'>,
  {
    architectures: setting,
    machineArchitecture: own,
  }: Pick<ControllerSettings, 'architectures' | 'machineArchitecture'>,
): PoolArchitectures {
  if (rendered === undefined) return { architectures: setting };
  const ofNodes = (): readonly string[] => {
    const selections = pools.cache.values().map(({ metadata, spec }) => [metadata.name, spec] as const);
    return architecturesOfNodes(pool.metadata.name, nodes.cache.values(), new Map(selections));
  };
  return poolArchitectures({ pool, osConfig, rendered, ofNodes, setting, own });
}

function required(architectures: Architectures): PoolArchitectures {
  return architectures === 'all' ? { architectures } : { architectures, required: architectures };
}

/** As the decision about a pool's next step takes them. */
export function forStep({
  architectures,
  required: needed,
}: PoolArchitectures): Pick<BuildSituation, 'architectures' | 'requiredArchitectures'> {
  return {
    ...(architectures === 'all' ? {} : { architectures }),
    ...(needed === undefined ? {} : { requiredArchitectures: needed }),
  };
}

const NAME = /^[a-z][a-z0-9]*$/;

function readAnnotation(text: string, object: string): Architectures {
  if (text.trim() === 'all') return 'all';
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => NAME.test(name))) return [...new Set(names)].sort(compareText);
  throw new OsBuildError(
    'invalid-os-config',
    `cannot tell for which architectures to build: annotation ${ARCHITECTURES_ANNOTATION} of ${object} is ${JSON.stringify(text.slice(0, 100))}; write all, or names as Go has them, such as amd64,arm64`,
    { field: `metadata.annotations[${ARCHITECTURES_ANNOTATION}]` },
  );
}

const LABELS = ['kubernetes.io/arch', 'beta.kubernetes.io/arch'];

/** What a node says of its own architecture, as GOARCH names it; undefined where it says nothing. */
export function architectureOf({ metadata, status }: PoolNode): string | undefined {
  // A kubelet that has not said it yet leaves it empty.
  const told = [status?.nodeInfo?.architecture, ...LABELS.map((label) => metadata.labels?.[label])];
  return told.find((value) => value !== undefined && value !== '');
}

/** The architectures of the nodes whose primary pool this is, sorted; a node that says nothing of its own counts for none. */
export function architecturesOfNodes(
  pool: string,
  nodes: Iterable<PoolNode>,
  pools: Parameters<typeof primaryPool>[1],
): readonly string[] {
  const found = new Set<string>();
  for (const node of nodes) {
    const architecture = architectureOf(node);
    if (architecture === undefined || found.has(architecture)) continue;
    const membership = primaryPool(node.metadata.labels, pools);
    if (membership.kind === 'member' && membership.pool === pool) found.add(architecture);
  }
  return [...found].sort(compareText);
}
