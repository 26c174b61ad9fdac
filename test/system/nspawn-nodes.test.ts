import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openControlPlane, type LabControlPlane } from '../lab/control-plane.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { NspawnNode } from '../lab/nspawn-node.ts';
import { writeNumberedConfig } from '../lab/numbered-config.ts';
import { skipWithout } from '../lab/requirements.ts';
import { until } from '../lab/until.ts';

const skip = skipWithout('systemd-nspawn', 'ostree', 'mmdebstrap', 'docker-registry', 'skopeo', 'nsenter');

/** Real machines, real ostree, real systemd; images of `varve build`; the agent as its own process. */
suite('nodes of systemd-nspawn', { skip }, () => {
  let lab: Laboratory;
  let control: LabControlPlane;
  let node: NspawnNode;
  const images: string[] = [];

  before(async () => {
    [lab, control] = await Promise.all([openLaboratory('bootable'), openControlPlane()]);
    for (const number of [1, 2, 3]) {
      const folder = join(lab.folder, `config-${number}`);
      await writeNumberedConfig(folder, number);
      images[number] = await lab.build([folder], 'pools/layered');
    }
    node = await NspawnNode.start({
      name: 'n1',
      folder: join(lab.folder, 'n1'),
      image: `${lab.registry.host}/base/os@${lab.baseDigest}`,
      registry: lab.registry.host,
      kubeconfig: control.plane.kubeconfig,
    });
  });
  after(async () => {
    await node?.close();
    await control?.close();
    await lab?.close();
  });

  /** Sees that the node runs an image and nothing of any other. */
  async function runs(number: number): Promise<void> {
    const others = [1, 2, 3].filter((other) => other !== number);
    assert.equal(await node.read('/etc/varve-test.conf'), `image ${number}\n`);
    assert.equal(await node.permissions('/etc/varve-test.conf'), '0640 0:0');
    assert.equal(await node.read('/var/lib/varve-test/data'), `image ${number}\n`);
    assert.equal(await node.permissions('/var/lib/varve-test/data'), '0600 0:0');
    assert.match(
      (await node.read('/var/home/core/.ssh/authorized_keys')) ?? '',
      new RegExp(`AAAA${number} `),
    );
    assert.equal(await node.permissions('/var/home/core/.ssh/authorized_keys'), '0600 1000:1000');
    assert.equal((await node.run('/usr/local/bin/varve-test')).stdout, `${number}\n`);
    assert.equal(await node.read(`/run/varve-unit-${number}`), `${number}\n`);
    const line = (await node.read('/proc/cmdline')) ?? '';
    assert.match(line, new RegExp(`^root=LABEL=root rw .*varve\\.image=${number}( |$)`, 'm'));
    for (const other of others) {
      assert.doesNotMatch(line, new RegExp(`varve\\.image=${other}`));
      assert.equal(await node.read(`/etc/varve-only-${other}`), undefined);
      assert.equal(await node.read(`/run/varve-unit-${other}`), undefined);
    }
    assert.deepEqual((await node.run('systemctl', '--failed', '--no-legend', '--plain')).stdout, '');
    assert.doesNotMatch((await node.run('ostree', 'admin', 'config-diff')).stdout, /varve/);
  }

  test('the first image of a pool takes over the node, with all that it configures', async () => {
    assert.equal(await node.read('/etc/varve-test.conf'), undefined);
    await node.object.desire(images[1], 'rendered-1');
    await node.object.done('rendered-1');
    await runs(1);
    assert.equal(node.boots.length, 2, 'it costs one reboot');
  });

  test('an update brings the next image', async (t) => {
    const boots = node.boots.length;
    const began = performance.now();
    await node.object.desire(images[2], 'rendered-2');
    await until('it boots', () => node.boots.length > boots);
    t.diagnostic(`change to booted: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    await node.object.done('rendered-2');
    await runs(2);
    assert.equal(node.boots.length, boots + 1, 'it costs one reboot');
    assert.notEqual(node.boots.at(-1)?.bootId, node.boots.at(-2)?.bootId);
  });

  test('what is staged and not permitted boots at no shutdown and no power cut, whatever the agent does', async () => {
    node.object.drains = false;
    await node.object.desire(images[3], 'rendered-3');
    await node.waitsForDrain('rendered-3');
    assert.match((await node.run('ostree', 'admin', 'status')).stdout, /\((staged|finalization locked)\)/);
    await node.machine.stop();
    await node.switchOn();
    await runs(2);
    await node.waitsForDrain('rendered-3');
    await node.machine.cutPower();
    await node.switchOn();
    await runs(2);
    // Nor does it where no agent is there to look after it.
    await node.waitsForDrain('rendered-3');
    const boots = node.boots.length;
    node.killAgent();
    await node.run('systemctl', 'reboot');
    await until('it boots', () => node.boots.length > boots);
    await runs(2);
    await node.waitsForDrain('rendered-3');
  });

  test('an image that is no longer wanted is dropped', async () => {
    await node.object.desire(images[2], 'rendered-2');
    await node.object.done('rendered-2');
    assert.doesNotMatch((await node.run('ostree', 'admin', 'status')).stdout, /staged|locked/);
    const boots = node.boots.length;
    await node.run('systemctl', 'reboot');
    await until('it boots', () => node.boots.length > boots);
    await runs(2);
    node.object.drains = true;
  });

  test('what the host itself wrote outlives an update, and a rollback brings back all of the image before', async () => {
    await node.write('/etc/of-this-host', 'local\n');
    await node.write('/var/lib/of-this-host', 'local\n');
    await node.object.desire(images[3], 'rendered-3');
    await node.object.done('rendered-3');
    await runs(3);
    const boots = node.boots.length;
    await node.object.desire(images[2], 'rendered-2');
    await node.object.done('rendered-2');
    await runs(2);
    assert.equal(node.boots.length, boots + 1, 'it costs one reboot');
    assert.equal(await node.read('/etc/of-this-host'), 'local\n');
    assert.equal(await node.read('/var/lib/of-this-host'), 'local\n');
  });

  test('an agent that is killed again and again gets it there with one reboot', async () => {
    const boots = node.boots.length;
    await node.object.desire(images[1], 'rendered-1');
    for (let round = 0; round < 10 && node.boots.length === boots; round += 1) {
      await sleep(100 + 150 * round);
      if (node.boots.length > boots) break;
      node.killAgent();
      node.startAgent();
    }
    await node.object.done('rendered-1');
    await runs(1);
    assert.equal(node.boots.length, boots + 1);
  });

  test("a change of a file that is the image's is told, comes through an update, and is put back where asked", async () => {
    await node.write('/etc/varve-test.conf', 'mine\n');
    await until('it is told', async () => {
      const told = await node.object.events('ConfigDriftDetected');
      return told.some((message) => message.includes('/etc/varve-test.conf (content'));
    });
    await node.object.desire(images[2], 'rendered-2');
    await node.object.done('rendered-2');
    assert.equal(await node.read('/etc/varve-test.conf'), 'mine\n', 'nobody said that it may be undone');
    await node.object.setDriftPolicy('Heal');
    await until('it is put back', async () => (await node.read('/etc/varve-test.conf')) === 'image 2\n');
    await runs(2);
    const boots = node.boots.length;
    await node.write('/var/lib/varve-test/data', 'mine\n');
    await until('it is put back', async () => (await node.read('/var/lib/varve-test/data')) === 'image 2\n');
    assert.equal(node.boots.length, boots);
  });

  test('a node that leaves image mode runs what its images were made from, with nothing of them left', async () => {
    await node.object.desire(undefined, 'rendered-none');
    await node.object.done('rendered-none');
    for (const path of ['/etc/varve-test.conf', '/var/lib/varve-test/data', '/var/lib/varve-test/only-1']) {
      assert.equal(await node.read(path), undefined, path);
    }
    assert.doesNotMatch((await node.read('/proc/cmdline')) ?? '', /varve/);
    assert.equal(await node.read('/etc/of-this-host'), 'local\n');
    assert.equal(await node.read('/var/lib/of-this-host'), 'local\n');
  });
});
