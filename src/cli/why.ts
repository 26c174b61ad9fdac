import { progressWord, type ClusterPicture, type NodePicture, type PoolPicture } from './cluster-picture.ts';
import { buildStateWord } from './cluster-summary.ts';
import { formatTable } from './output.ts';

/** What is said of a pool or a node. */
export interface Explanation {
  readonly kind: 'MachineConfigPool' | 'Node';
  readonly name: string;
  /** One sentence. */
  readonly message: string;
  /** Of what it rests on: what it is called, and what it is. */
  readonly details: readonly { readonly name: string; readonly value: string }[];
  /** The nodes of a pool that do not run what they should, with a sentence each. */
  readonly nodes: readonly Pick<NodePicture, 'name' | 'progress' | 'reason' | 'message'>[];
}

const POOL_WORDS: ReadonlySet<string> = new Set(['pool', 'mcp', 'machineconfigpool', 'machineconfigpools']);
/** A MachineConfigNode is about the Node of its name. */
const NODE_WORDS: ReadonlySet<string> = new Set([
  'node',
  'nodes',
  'no',
  'mcn',
  'machineconfignode',
  'machineconfignodes',
]);

/** What is asked about: a pool or a node of this name, or either. */
export interface Asked {
  readonly name: string;
  readonly pool: boolean;
  readonly node: boolean;
}

/** @param what a name, or `pool/NAME` or `node/NAME` */
export function readAsked(what: string): Asked {
  const [, word, name] = /^([^/]*)\/(.*)$/u.exec(what) ?? [];
  if (word === undefined || name === undefined) return { name: what, pool: true, node: true };
  const kind = word.toLowerCase();
  return { name, pool: POOL_WORDS.has(kind), node: NODE_WORDS.has(kind) };
}

/** A pool goes before a node of its name. @returns undefined: there is neither */
export function explain(
  { pools, nodes }: ClusterPicture,
  { name, ...asked }: Asked,
): Explanation | undefined {
  const pool = asked.pool ? pools.find((each) => each.name === name) : undefined;
  if (pool !== undefined) return explainPool(pool, nodes);
  const node = asked.node ? nodes.find((each) => each.name === name) : undefined;
  return node === undefined ? undefined : explainNode(node, pools);
}

function explainPool(pool: PoolPicture, all: readonly NodePicture[]): Explanation {
  const { name, state, build, image, configuration, rollout } = pool;
  const behind = all.filter((node) => node.pool === name && node.progress !== 'updated');
  return {
    kind: 'MachineConfigPool',
    name,
    message: poolSentence(pool),
    details: details({
      state: `${state} (${rollout.reason})`,
      configuration: configuration.desired,
      build: build === null ? null : `${build.name} ${buildStateWord(build.state)}`,
      image,
    }),
    nodes: behind.map((node) => ({
      name: node.name,
      progress: node.progress,
      reason: node.reason,
      message: node.message,
    })),
  };
}

function explainNode(node: NodePicture, pools: readonly PoolPicture[]): Explanation {
  const pool = pools.find(({ name }) => name === node.pool);
  return {
    kind: 'Node',
    name: node.name,
    message: node.message,
    details: details({
      state: `${progressWord(node)} (${node.reason})`,
      pool: pool === undefined ? node.pool : `${pool.name}, ${pool.state}: ${pool.message}`,
      runs: node.configuration,
      image: node.image,
      wants: pool?.image ?? null,
      agent:
        node.agent.state === null ? null : [node.agent.state, node.agent.reason].filter(Boolean).join(': '),
    }),
    nodes: [],
  };
}

/** A pool's message is a sentence of its own, or says what the pool does. */
function poolSentence({ name, state, message }: PoolPicture): string {
  return /^(?:has|is|waits) /u.test(message)
    ? `MachineConfigPool ${name} ${message}`
    : `MachineConfigPool ${name} is ${state}: ${message}`;
}

function details(values: Readonly<Record<string, string | null>>): Explanation['details'] {
  return Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

/** The sentence, and below it what it rests on. */
export function explanationText({ message, details: facts, nodes }: Explanation): string {
  const table = formatTable(facts.map(({ name, value }) => [`  ${name}`, value]));
  const behind = nodes.map((node) => `  ${node.name} (${progressWord(node)}): ${node.message}\n`).join('');
  return `${message}${/[.!?]$/u.test(message) ? '' : '.'}\n${table}${behind}`;
}
