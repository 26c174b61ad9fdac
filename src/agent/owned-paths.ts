import { basename, dirname } from 'node:path/posix';
import type { ProvenanceItem } from '../osbuild/index.ts';
import { FileProblem } from './file-problem.ts';
import type { HostAccounts } from './host-accounts.ts';
import { type Attributes, HostFolder } from './host-folder.ts';
import type { ImageTree } from './image-tree.ts';
import { readLiveFile, sha256OfFile } from './live-file.ts';
import { numbersOf } from './place-rule.ts';
import { type OwnedRule, ownedRules } from './plane-rules.ts';

/** What an image has for a path of the running host, which somebody may have changed there. */
export interface OwnedPath {
  readonly path: string;
  readonly plane: 'etc' | 'var';
  /** What the administrator wrote, and the MachineConfigs that set it, the last of which wins. */
  readonly item: string;
  readonly machineConfigs: readonly string[];
  readonly expected: Expected;
}

export type Expected =
  | ({
      readonly type: 'file';
      readonly sha256: string;
      readonly size?: number;
      /** Where the image's tree has the content; undefined: it is empty. */
      readonly source: string | undefined;
    } & Partial<Attributes>)
  | ({ readonly type: 'directory' } & Partial<Attributes>)
  | { readonly type: 'symlink'; readonly target: string }
  /** Whatever it is, it is there; where it is not, the image's own is put there. */
  | { readonly type: 'any'; readonly otherwise?: Exclude<Expected, { readonly type: 'any' }> }
  /** The image has taken it away. */
  | { readonly type: 'nothing' };

/** Written by others than images while a node runs: certificates and credentials that change (contract §5.5, §5.14). */
const ROTATING: ReadonlySet<string> = new Set([
  '/etc/kubernetes/kubelet-ca.crt',
  '/etc/kubernetes/static-pod-resources/configmaps/cloud-config/ca-bundle.pem',
  '/etc/mco/internal-registry-pull-secret.json',
  '/etc/ostree/auth.json',
]);

const ROTATING_BELOW = ['/etc/docker/certs.d/', '/etc/containers/certs.d/'] as const;

/** Every path of the running host that an image of Varve's has, as far as a node can change it. */
export async function ownedPaths(tree: ImageTree, accounts: HostAccounts): Promise<readonly OwnedPath[]> {
  const etc: OwnedPath[] = [];
  await using defaults = await HostFolder.open(tree.root, '/usr/etc');
  const hasDefaults = defaults !== undefined;
  for (const item of tree.provenance?.items ?? []) {
    if (item.plane !== 'etc') continue;
    // An item that carries nothing is one of the base's that the configuration keeps, or has taken away.
    const carries = item.paths.length > 0;
    const paths = carries
      ? item.paths.map(({ path }) => path)
      : item.target === undefined
        ? []
        : [item.target];
    for (const path of paths.filter(isOfEtc)) {
      const found = await defaultOf(tree, path);
      // Without the image's own copy there is nothing to compare with.
      if (found.type === 'nothing' && (carries || !hasDefaults)) continue;
      const keeps = !carries && found.type !== 'nothing' && found.type !== 'any';
      const expected = keeps ? ({ type: 'any', otherwise: found } as const) : found;
      etc.push({ path, plane: 'etc', item: item.item, machineConfigs: item.machineConfigs, expected });
    }
  }
  const rules = (await ownedRules(tree)).map((owned) => ownedByRule(owned, accounts));
  return unique([...etc, ...rules.filter((owned) => owned !== undefined)]);
}

function isOfEtc(path: string): boolean {
  return (
    path.startsWith('/etc/') && !ROTATING.has(path) && !ROTATING_BELOW.some((below) => path.startsWith(below))
  );
}

/** What the image's own /etc has, which ostree keeps below /usr/etc (host-contract §3.3). */
async function defaultOf(tree: ImageTree, path: string): Promise<Expected> {
  const source = `/usr${path}`;
  await using folder = await HostFolder.open(tree.root, dirname(source));
  if (folder === undefined) return { type: 'nothing' };
  const name = basename(source);
  const there = await readLiveFile(folder, name);
  switch (there.type) {
    case 'missing':
      return { type: 'nothing' };
    case 'file': {
      const { mode, uid, gid, size } = there;
      const sha256 = (await sha256OfFile(folder, name)) ?? '';
      return { type: 'file', sha256, size, source, mode, uid, gid };
    }
    case 'symlink':
      return { type: 'symlink', target: there.target };
    case 'directory':
    case 'other': {
      const { type, mode, uid, gid } = there;
      return type === 'other' ? { type: 'any' } : { type, mode, uid, gid };
    }
  }
}

function ownedByRule(owned: OwnedRule, accounts: HostAccounts): OwnedPath | undefined {
  const { rule, item, sha256 } = owned;
  // A folder that only leads somewhere is no item of the configuration.
  if (item === undefined || isTransient(rule.path)) return undefined;
  const expected = expectedBy(rule, sha256, accounts);
  return expected && { path: rule.path, plane: 'var', ...namesOf(item), expected };
}

function expectedBy(
  rule: OwnedRule['rule'],
  sha256: string | undefined,
  accounts: HostAccounts,
): Expected | undefined {
  // What was there before, or is whoever's who writes it, is nobody's to compare.
  if ('keep' in rule && rule.keep) return undefined;
  if (rule.type === 'symlink') return { type: 'symlink', target: rule.target };
  const given = givenOf(rule, accounts);
  if (rule.type !== 'file') return { type: 'directory', ...given };
  if (sha256 === undefined) return undefined;
  return { type: 'file', sha256, source: rule.source, ...given };
}

/** An account that the host lacks is told of when the file is placed. */
function givenOf(
  rule: Exclude<OwnedRule['rule'], { readonly type: 'symlink' }>,
  accounts: HostAccounts,
): Partial<Attributes> {
  try {
    return numbersOf(rule.given, rule.path, accounts);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    return rule.given.mode === undefined ? {} : { mode: rule.given.mode };
  }
}

/** Programs clean up there, as they may. */
function isTransient(path: string): boolean {
  return /^\/(?:run|tmp|var\/tmp|var\/run)\//u.test(path);
}

function namesOf({ item, machineConfigs }: ProvenanceItem): Pick<OwnedPath, 'item' | 'machineConfigs'> {
  return { item, machineConfigs };
}

/** Two items may share a path, as a unit and its enablement; the first tells of it. */
function unique(paths: readonly OwnedPath[]): readonly OwnedPath[] {
  const seen = new Map<string, OwnedPath>();
  for (const one of paths) if (!seen.has(one.path)) seen.set(one.path, one);
  return [...seen.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
