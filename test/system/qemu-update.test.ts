import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { registryImages } from '../../src/agent/index.ts';
import { CURRENT_IMAGE_ANNOTATION, ROLLBACK_IMAGE_ANNOTATION } from '../../src/api/index.ts';
import { installImage } from '../../src/host/index.ts';
import { openRegistry } from '../../src/oci/index.ts';
import { putAgentInside } from '../lab/agent-inside.ts';
import { type LabControlPlane, openControlPlane } from '../lab/control-plane.ts';
import { LabNode } from '../lab/lab-node.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { writeNumberedConfig } from '../lab/numbered-config.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';
import { VirtualMachine } from '../lab/virtual-machine.ts';

const QEMU = process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
const skip = skipWithout('mmdebstrap', 'docker-registry', 'skopeo', 'ostree', 'mkfs.ext4', 'debugfs', QEMU);

/** Seconds for one boot, or for the agent's work in it: the processor is emulated, and this machine may be busy. */
const PATIENCE = 900;

/**
 * A real machine as far as this one can have any: its own kernel and initramfs, its disk, its boot loader's entries, and the
 * agent inside it, which reaches API server and registry over its network card.
 */
suite('a virtual machine with the agent inside', { skip }, () => {
  let lab: Laboratory;
  let control: LabControlPlane;
  let node: LabNode;
  let machine: VirtualMachine;
  const images: string[] = [];

  before(async () => {
    [lab, control] = await Promise.all([openLaboratory('bootable'), openControlPlane()]);
    for (const number of [1, 2]) {
      const folder = join(lab.folder, `config-${number}`);
      await writeNumberedConfig(folder, number);
      images[number] = await lab.build([folder], 'pools/layered');
    }
    const sysroot = join(lab.folder, 'sysroot');
    const registry = openRegistry({ plainHttp: [lab.registry.host] });
    const failure = await installImage(process.env, {
      sysroot,
      image: images[1]!,
      images: registryImages(registry),
      kernelArguments: ['root=LABEL=root', 'rw'],
      settings: { 'core.fsync': 'false' },
    });
    registry.close();
    assert.equal(failure, undefined);
    const kubeconfig = await readFile(control.plane.kubeconfig, 'utf8');
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(kubeconfig)?.[1]);
    await putAgentInside(sysroot, {
      node: 'vm',
      kubeconfig,
      ports: [port, lab.registry.port],
      registry: lab.registry.host,
    });
    node = await LabNode.create('vm', control.plane.kubeconfig);
    machine = await VirtualMachine.create(join(lab.folder, 'vm'), sysroot);
    // Its deployments are immutable until told otherwise.
    await run('chattr', ['-R', '-f', '-i', join(sysroot, 'ostree/deploy')], { accept: [0, 1] });
    await rm(sysroot, { recursive: true });
  });
  after(async () => {
    await machine?.remove();
    await node?.close();
    await control?.close();
    await lab?.close();
  });

  /** What the unit of an image prints on the console, once it has run. */
  const report = (number: number): RegExp =>
    new RegExp(
      `varve-report of ${number}: (.*varve\\.image=${number}.*) conf=image ${number} key=AAAA${number} `,
    );

  /** Boots what the disk says, and waits until the node says that it is done. */
  async function boots(number: number): Promise<void> {
    const reports = [...(await machine.console()).matchAll(new RegExp(report(number), 'g'))].length;
    const entry = await machine.boot();
    assert.match(entry.commandLine, new RegExp(` varve\\.image=${number}( |$)`));
    await node.done(`rendered-${number}`, PATIENCE);
    await machine.says(new RegExp(`(?:${report(number).source}[\\s\\S]*){${reports + 1}}`), PATIENCE);
    const annotations = await node.annotations();
    assert.equal(annotations[CURRENT_IMAGE_ANNOTATION], images[number]);
  }

  test('boots its image, and the agent finds it as it is to be', async () => {
    await node.desire(images[1], 'rendered-1');
    await boots(1);
  });

  test('moves to the next image: staged, drained, finalized at the shutdown, and booted by its own boot entry', async () => {
    await node.desire(images[2], 'rendered-2');
    await machine.off(PATIENCE);
    const entries = await machine.entries();
    assert.deepEqual(
      entries.map(({ commandLine }) => /varve\.image=(\d)/.exec(commandLine)?.[1]),
      ['2', '1'],
    );
    await boots(2);
    const annotations = await node.annotations();
    assert.equal(annotations[ROLLBACK_IMAGE_ANNOTATION], images[1]);
  });

  test('goes back to the image before', async () => {
    await node.desire(images[1], 'rendered-1');
    await machine.off(PATIENCE);
    await boots(1);
    assert.equal((await node.annotations())[ROLLBACK_IMAGE_ANNOTATION], images[2]);
    await machine.cutPower();
    const [first] = await machine.entries();
    assert.match(first?.commandLine ?? '', / varve\.image=1( |$)/);
  });
});
