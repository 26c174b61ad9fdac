import type { ImageTree } from './image-tree.ts';
import type { Difference } from './tree-difference.ts';

/** Both trees of a scenario; `tmpfiles` is the text of the tmpfiles.d file in Varve's image. */
export interface ComparedTrees {
  readonly peer: ImageTree;
  readonly varve: ImageTree;
  readonly tmpfiles: string;
}

export interface IntendedDifference {
  readonly name: string;
  /** Whether the difference is just this one. What it should look like on Varve's side is checked here too. */
  covers(difference: Difference, scenario: ComparedTrees): boolean;
}

const SHIPPED = 'usr/lib/varve/tree';
export const TMPFILES_FILE = 'usr/lib/tmpfiles.d/00-varve.conf';

/** Everything in which Varve's tree is meant to differ from the tree of the reference's build, and why. */
export const REFERENCE_DIFFERENCES: readonly IntendedDifference[] = [
  {
    // An empty /etc/resolv.conf in an image is a hazard; host importers remove some of these again (host-contract §5.2).
    name: 'buildah leaves the mount points of its RUN lines behind',
    covers: ({ kind, path }) =>
      kind === 'only-left' && ['etc/hostname', 'etc/hosts', 'etc/resolv.conf'].includes(path),
  },
  {
    // The reference bakes its whole configuration into the image, secrets included; a label names it here.
    name: 'the reference leaves the rendered MachineConfig in /etc',
    covers: ({ kind, path }, { varve }) =>
      kind === 'only-left' &&
      (path === 'etc/machine-config-daemon/currentconfig' ||
        (path === 'etc/machine-config-daemon' && !varve.has(path))),
  },
  {
    // A preset in /etc freezes there as soon as somebody edits it; /usr has the same meaning (host-contract §5.3).
    name: 'presets lie in /usr, not in /etc',
    covers: ({ kind, path }) =>
      kind === 'only-left'
        ? path === 'etc/systemd/system-preset' || path === 'etc/systemd/system-preset/20-ignition.preset'
        : path === 'usr/lib/systemd/system-preset/20-varve.preset',
  },
  {
    // Presets count on a machine's first boot only; a node that runs already needs the link (host-contract §5.3).
    name: 'an enabled unit has the link that systemctl enable makes',
    covers: ({ kind, path, right }, { varve }) => {
      if (kind !== 'only-right' || !path.startsWith('etc/systemd/system/')) return false;
      if (right?.type === 'directory') return /\.(?:wants|requires|upholds)$/.test(path);
      return (
        right?.type === 'symlink' &&
        varve.has(
          (right.linkTarget ?? '').replace(/^\/(?:lib\/)?/, (lead) => (lead === '/' ? '' : 'usr/lib/')),
        )
      );
    },
  },
  {
    // An image's /var reaches a node once or never (host-contract §3.6): the content is shipped below /usr and
    // systemd-tmpfiles puts it in its place at each boot. image-ostree.test.ts watches it do so.
    name: 'what belongs below /var is shipped below /usr and materialised at boot',
    covers: ({ kind, path, left, right }, { varve, peer, tmpfiles }) => {
      if (kind === 'only-left' && path.startsWith('var/')) {
        if (left?.type === 'directory') return true;
        const copy = varve.get(`${SHIPPED}/${path}`);
        if (left?.type === 'file' && left.size > 0)
          return copy?.sha256 === left.sha256 && copy?.mode === left.mode;
        return tmpfiles.includes(` /${path} `);
      }
      if (kind !== 'only-right') return false;
      if (path === 'usr/lib/varve' || path === TMPFILES_FILE) return true;
      if (path !== SHIPPED && !path.startsWith(`${SHIPPED}/`)) return false;
      return right?.type === 'directory' || peer.has(path.slice(SHIPPED.length + 1));
    },
  },
  {
    // The reference drops passwd silently and writes keys on the running node (build-lab §2).
    name: 'ssh keys are in the image',
    covers: ({ kind, path, right }, { tmpfiles }) =>
      kind === 'only-right' &&
      right?.type === 'file' &&
      path.startsWith(`${SHIPPED}/var/home/`) &&
      /\/\.ssh\/authorized_keys(?:\.d\/ignition)?$/.test(path) &&
      tmpfiles.includes(` /${path.slice(SHIPPED.length + 1)} `),
  },
  {
    // The reference sets kernel arguments node by node; an image can carry them (host-contract §4.1).
    name: 'kernel arguments are in the image',
    covers: ({ kind, path }) => kind === 'only-right' && path === 'usr/lib/bootc/kargs.d/90-varve.toml',
  },
  {
    name: 'the image says which MachineConfig each path came from',
    covers: ({ kind, path }) => kind === 'only-right' && path === 'usr/lib/varve/provenance.json',
  },
];
