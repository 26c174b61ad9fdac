import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { BuildahPeer } from '../lab/buildah.ts';
import { writeCornerConfig } from '../lab/corner-config.ts';
import { fileContents, flatten, type ImageTree } from '../lab/image-tree.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { peerMachineConfig } from '../lab/peer-input.ts';
import { skipWithout } from '../lab/requirements.ts';
import { writeSiteConfig } from '../lab/site-config.ts';
import { imageFromRegistry } from '../lab/stored-image.ts';
import { describeDifference, type Difference, treeDifferences } from '../lab/tree-difference.ts';
import { CHECKOUT } from '../lab/varve.ts';

const skip = skipWithout('buildah', 'docker-registry', 'mmdebstrap', 'skopeo');

/** Both trees of a scenario; `tmpfiles` is the text of the tmpfiles.d file in Varve's image. */
interface Scenario {
  readonly peer: ImageTree;
  readonly varve: ImageTree;
  readonly tmpfiles: string;
}

interface Intended {
  readonly name: string;
  /** Whether the difference is just this one. What it should look like on Varve's side is checked here too. */
  covers(difference: Difference, scenario: Scenario): boolean;
}

const SHIPPED = 'usr/lib/varve/tree';
const TMPFILES = 'usr/lib/tmpfiles.d/00-varve.conf';

/** Everything in which Varve's tree is meant to differ from the tree of the reference's build, and why. */
const INTENDED: readonly Intended[] = [
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
      if (path === 'usr/lib/varve' || path === TMPFILES) return true;
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

suite('the tree of a Varve image and of the reference’s build with buildah and Ignition', { skip }, () => {
  let lab: Laboratory;
  let peer: BuildahPeer;
  const seen = new Set<string>();

  before(async () => {
    lab = await openLaboratory();
    peer = await BuildahPeer.open(lab.folder);
  });
  after(async () => {
    await peer.close();
    await lab.close();
  });

  async function compare(folder: string, name: string): Promise<void> {
    const push = `${lab.registry.host}/reference/${name}:1`;
    const machineConfig = await peerMachineConfig(folder, 'layered');
    await peer.buildAndPush({ base: lab.base, push, pool: 'layered', name, machineConfig });
    const image = await imageFromRegistry(await lab.build([folder], `varve/${name}`));
    const texts = await fileContents(image, image.manifest.layers.length - 1);
    const scenario: Scenario = {
      peer: await flatten(await imageFromRegistry(push)),
      varve: await flatten(image),
      tmpfiles: texts.get(TMPFILES)?.toString() ?? '',
    };
    const unexpected: string[] = [];
    for (const difference of treeDifferences(scenario.peer, scenario.varve)) {
      const names = INTENDED.filter((one) => one.covers(difference, scenario)).map((one) => one.name);
      for (const one of names) seen.add(one);
      if (names.length !== 1) unexpected.push(`${describeDifference(difference)} ${names.join(' | ')}`);
    }
    assert.deepEqual(unexpected, []);
  }

  test('are the same but for the intended differences: the examples', () =>
    compare(join(CHECKOUT, 'examples'), 'examples'));

  test('are the same but for the intended differences: a site with 200 files and 30 units', async () => {
    const folder = join(lab.folder, 'site');
    await writeSiteConfig(folder);
    await compare(folder, 'site');
  });

  test('are the same but for the intended differences: one of everything that an image can hold', async () => {
    const folder = join(lab.folder, 'corner');
    await writeCornerConfig(folder);
    await compare(folder, 'corner');
  });

  test('differ in each of the intended ways somewhere: the list holds nothing that is no longer true', () => {
    assert.deepEqual([...seen].sort(), INTENDED.map((one) => one.name).sort());
  });
});
