import type { ImageNode, Placement } from '../machineconfig/index.ts';

/**
 * What package managers and builds read of a machine's configuration, whatever a Containerfile says (architecture D3): files
 * below these directories, or of these names.
 */
const ALWAYS: readonly string[] = [
  '/etc/apt',
  '/etc/containers',
  '/etc/dnf',
  '/etc/environment',
  '/etc/pki',
  '/etc/profile.d/proxy.sh',
  '/etc/rpm',
  '/etc/ssl/certs',
  '/etc/sysconfig/proxy',
  '/etc/systemd/system.conf.d/10-default-env.conf',
  '/etc/yum.conf',
  '/etc/yum.repos.d',
  '/etc/yum',
  '/usr/local/share/ca-certificates',
];

/** Shorter names than this are words that stand in any text. */
const SHORTEST_NAME = 4;

/** What a text mentions of a file system. */
interface Mentions {
  /** Paths that stand in it whole: they, and all below them. */
  readonly paths: ReadonlySet<string>;
  /** What stands before the first wildcard or variable of a path: all that begins so. */
  readonly prefixes: readonly string[];
  /** Names without a directory, such as units. */
  readonly names: ReadonlySet<string>;
}

/**
 * The part of a pool's configuration that a container build can depend on (architecture D3), in the order of the placement. The
 * build sees nothing else, so that nothing else can change what comes of it.
 *
 * Seen are the paths in {@link ALWAYS}; each path that the texts mention and all below it; files whose name alone is mentioned
 * (`systemctl enable NAME`); and what `varve.dev/build-inputs` names. A path that ends in a variable or a wildcard stands for
 * all that begins like it.
 *
 * @param texts the Containerfile, and the value of the annotation
 */
export function visibleConfiguration(
  placement: Pick<Placement, 'items' | 'nodes' | 'removals'>,
  texts: readonly string[],
): { readonly nodes: readonly ImageNode[]; readonly removals: readonly string[] } {
  const mentions = readMentions(texts.join('\n'));
  // An item may be in the image elsewhere than where it will be on the node, by which a text calls it.
  const targets = new Map<string, string[]>();
  for (const { target, paths } of placement.items) {
    if (target !== undefined)
      for (const path of paths) targets.set(path, [...(targets.get(path) ?? []), target]);
  }
  const isSeen = (path: string): boolean =>
    [path, ...(targets.get(path) ?? [])].some((name) => isAlwaysSeen(name) || isMentioned(name, mentions));
  const nodes = placement.nodes.filter((node) => node.type !== 'directory' && isSeen(node.path));
  const parents = new Set(nodes.flatMap(({ path }) => parentsOf(path)));
  return {
    // A directory's mode counts where something seen is in it, or where it is mentioned itself.
    nodes: placement.nodes.filter(
      (node) =>
        nodes.includes(node) || (node.type === 'directory' && (parents.has(node.path) || isSeen(node.path))),
    ),
    removals: placement.removals.filter(isSeen),
  };
}

function isAlwaysSeen(path: string): boolean {
  return ALWAYS.some((known) => path === known || path.startsWith(`${known}/`));
}

function isMentioned(path: string, { paths, prefixes, names }: Mentions): boolean {
  if (paths.has('/') || paths.has(path) || parentsOf(path).some((parent) => paths.has(parent))) return true;
  if (prefixes.some((prefix) => path.startsWith(prefix))) return true;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.length >= SHORTEST_NAME && names.has(name);
}

/** A path, up to what ends it in a shell or a list; what follows says whether more of it comes from elsewhere. */
const PATH = /\/(?:[\w.+:@%~=-]+\/?|\/)*|\/(?=[$*?[{])/g;
/** A word that may be the name of a file. */
const NAME = /[\w.@:+-]+/g;

function readMentions(text: string): Mentions {
  // A backslash at a line's end joins what a builder joins.
  const joined = text.replaceAll(/[\\`]\r?\n\s*/g, ' ');
  const paths = new Set<string>();
  const prefixes: string[] = [];
  for (const { 0: found, index } of joined.matchAll(PATH)) {
    const next = joined[index + found.length] ?? ' ';
    // Colons and equals signs part paths, or are in one: both are possible.
    const whole = found.replaceAll(/\/+/g, '/');
    const parts = whole.split(/[:=]/).filter((part) => part.startsWith('/'));
    for (const path of [whole, ...parts]) paths.add(path === '/' ? path : path.replace(/\/$/, ''));
    if ('$*?[{'.includes(next)) prefixes.push(whole, ...parts.slice(-1));
  }
  return { paths, prefixes, names: new Set(joined.match(NAME)) };
}

function parentsOf(path: string): readonly string[] {
  const parents: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    parents.push(path.slice(0, end));
  return parents;
}
