import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { BuildahPeer } from '../lab/buildah.ts';
import { writeCornerConfig } from '../lab/corner-config.ts';
import { fileContents, flatten } from '../lab/image-tree.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { peerMachineConfig } from '../lab/peer-input.ts';
import { type ComparedTrees, REFERENCE_DIFFERENCES, TMPFILES_FILE } from '../lab/reference-differences.ts';
import { skipWithout } from '../lab/requirements.ts';
import { writeSiteConfig } from '../lab/site-config.ts';
import { imageFromRegistry } from '../lab/stored-image.ts';
import { describeDifference, treeDifferences } from '../lab/tree-difference.ts';
import { CHECKOUT } from '../lab/varve.ts';

const skip = skipWithout('buildah', 'docker-registry', 'mmdebstrap', 'skopeo');

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
    const scenario: ComparedTrees = {
      peer: await flatten(await imageFromRegistry(push)),
      varve: await flatten(image),
      tmpfiles: texts.get(TMPFILES_FILE)?.toString() ?? '',
    };
    const unexpected: string[] = [];
    for (const difference of treeDifferences(scenario.peer, scenario.varve)) {
      const names = REFERENCE_DIFFERENCES.filter((one) => one.covers(difference, scenario)).map(
        (one) => one.name,
      );
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
    assert.deepEqual([...seen].sort(), REFERENCE_DIFFERENCES.map((one) => one.name).sort());
  });
});
