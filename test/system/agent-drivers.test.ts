import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DEFAULT_POLICY, DrivenHost } from '../../src/agent/index.ts';
import { DEADLINES, openDriver } from '../../src/host/index.ts';
import { FAKE_CAPABILITIES, FakeHost, fakeDeployment, fakeImage } from '../../src/host/fake-host.ts';
import { AgentBench } from '../lab/agent-bench.ts';
import { atEnd } from '../lab/at-end.ts';

interface Scene {
  readonly bench: AgentBench;
  readonly fake: FakeHost;
  readonly host: DrivenHost;
  readonly desire: (letter: string) => void;
}

/** An agent on a host whose tools are fakes and that runs image 1. */
async function scene(t: TestContext, tool: 'bootc' | 'rpm-ostree'): Promise<Scene> {
  const fake = await FakeHost.make({ deployments: [fakeDeployment('1', { booted: true })] });
  atEnd(t, () => fake.remove());
  let boots = 0;
  const reboot = async (): Promise<void> => {
    boots += 1;
    await boot(fake, boots);
  };
  await reboot();
  const capabilities = FAKE_CAPABILITIES;
  const driver = openDriver(tool, { host: fake.runner, capabilities, deadlines: DEADLINES });
  const host = new DrivenHost({ runner: fake.runner, driver, capabilities, policy: DEFAULT_POLICY });
  const bench = new AgentBench(() => host, reboot);
  const desire = (letter: string): void => bench.desire(fakeImage(letter), `rendered-${letter}`);
  desire('1');
  await bench.settle();
  return { bench, fake, host, desire };
}

/** What comes first boots, unless it is staged and locked; and what /proc shows then. */
async function boot(fake: FakeHost, boots: number): Promise<void> {
  const { deployments } = fake.state;
  const staged = deployments.find((one) => one.staged);
  const kept = deployments.filter((one) => !one.staged);
  const first = staged?.locked === false ? staged : kept[0];
  assert.ok(first !== undefined, 'a host boots something');
  const others = kept.filter((one) => one !== first);
  const booted = [
    Object.assign({}, first, { staged: false, booted: true }),
    ...others.map((one) => Object.assign({}, one, { booted: false })),
  ];
  fake.state = { ...fake.state, deployments: booted };
  const random = join(fake.folder, 'proc', 'sys', 'kernel', 'random');
  await mkdir(random, { recursive: true });
  await writeFile(join(random, 'boot_id'), `boot-${boots}\n`);
  const line = `BOOT_IMAGE=x ostree=/ostree/boot.1/default/x/0 ${first.kernelArguments}\n`;
  await writeFile(join(fake.folder, 'proc', 'cmdline'), line);
}

for (const tool of ['bootc', 'rpm-ostree'] as const) {
  test(`an agent moves a host with ${tool}, locked until the node is drained`, async (t) => {
    const { bench, fake, desire } = await scene(t, tool);
    assert.equal(bench.kinds, 'rest');
    desire('2');
    bench.plans.length = 0;
    await bench.rest();
    const staged = fake.state.deployments.find((one) => one.staged);
    assert.ok(staged?.locked, 'nothing boots that was not let go');
    await bench.settle();
    assert.equal(bench.kinds, 'stage rest unlock reboot rest');
    assert.equal(fake.state.deployments.find((one) => one.booted)?.image, fakeImage('2'));
    assert.deepEqual(
      [
        bench.annotation('state'),
        bench.annotation('currentImage'),
        bench.annotations['varve.dev/rollback-image'],
      ],
      ['Done', fakeImage('2'), fakeImage('1')],
    );
    const reboots = fake.state.log.filter((line) => line.startsWith('systemd-run'));
    assert.equal(reboots.length, 1);
    assert.match(reboots[0] ?? '', /Requires=ostree-finalize-staged\.service/);
  });

  test(`an agent goes back to the image that runs, with ${tool}, before it was ever left`, async (t) => {
    const { bench, fake, desire } = await scene(t, tool);
    desire('2');
    await bench.rest();
    desire('1');
    await bench.settle();
    assert.deepEqual(
      fake.state.deployments.map((one) => one.image),
      [fakeImage('1')],
    );
    assert.equal(bench.annotation('state'), 'Done');
  });

  test(`an agent says why ${tool} cannot pull, and goes on when it can`, async (t) => {
    const { bench, fake, desire } = await scene(t, tool);
    const command = tool === 'bootc' ? 'bootc switch' : 'rpm-ostree rebase';
    const stderr =
      'error: Pulling: reading manifest: unauthorized: access to the requested resource is not authorized';
    fake.state = { ...fake.state, fault: { command, stderr, status: 1 } };
    desire('2');
    for (let turns = 0; turns < 20; turns += 1) {
      const { step } = await bench.turn();
      if (step.kind === 'wait') bench.now = step.until;
    }
    assert.equal(bench.annotation('state'), 'Degraded');
    assert.match(bench.annotation('reason') ?? '', /unauthorized: .* check the pull secret's entry/);
    const { fault: _, ...well } = fake.state;
    fake.state = well;
    await bench.settle();
    assert.equal(bench.annotation('state'), 'Done');
  });
}

test('an agent sees what another tool staged in the place of its image just before it reboots', async (t) => {
  const { bench, fake, desire } = await scene(t, 'rpm-ostree');
  desire('2');
  await bench.rest();
  fake.state = {
    ...fake.state,
    deployments: fake.state.deployments.map((one) =>
      one.staged ? fakeDeployment('9', { staged: true }) : one,
    ),
  };
  bench.drain();
  await bench.settle();
  assert.equal(fake.state.deployments.find((one) => one.booted)?.image, fakeImage('2'));
});

test('an agent lets nothing go, and reboots into nothing, that took the place of its image since it looked', async (t) => {
  const { bench, fake, host, desire } = await scene(t, 'rpm-ostree');
  desire('2');
  await bench.rest();
  const foreign = fakeDeployment('9', { staged: true, locked: true });
  fake.state = {
    ...fake.state,
    deployments: fake.state.deployments.map((one) => (one.staged ? foreign : one)),
    log: [],
  };
  const { signal } = new AbortController();
  for (const letter of ['1', '2']) {
    const image = fakeImage(letter);
    const digest = image.split('@')[1] ?? '';
    const act = { reason: 'It may.', image, digest };
    const unlocked = await host.perform({ kind: 'unlock', ...act }, signal);
    const journal = bench.journal ?? assert.fail();
    const rebooted = await host.perform({ kind: 'reboot', ...act, soft: false, journal }, signal);
    assert.deepEqual([unlocked.result, rebooted.result], ['failed', 'failed']);
  }
  assert.deepEqual(
    fake.state.deployments.filter((one) => one.staged),
    [foreign],
  );
  assert.deepEqual(fake.changes, []);
});

/** The last reboot of the agent's, and what came before it of preparing one of the user space alone. */
function lastReboot(fake: FakeHost): readonly string[] {
  return fake.state.log.filter((line) => /soft-reboot|systemd-run/u.test(line)).map(wordsOfReboot);
}

function wordsOfReboot(line: string): string {
  return line.startsWith('systemd-run') ? line.slice(line.lastIndexOf(' -- ') + 4) : line;
}

test('an agent restarts the user space alone where its Node asks for that and the host can', async (t) => {
  const { bench, fake, desire } = await scene(t, 'bootc');
  bench.annotations['varve.dev/reboot'] = 'Soft';
  fake.state = { ...fake.state, log: [] };
  desire('2');
  await bench.settle();
  assert.deepEqual(lastReboot(fake), ['ostree admin prepare-soft-reboot 0', 'systemctl soft-reboot']);
  assert.equal(bench.annotation('state'), 'Done');
});

test('an agent reboots the whole host where a soft reboot cannot be prepared, and leaves nothing prepared', async (t) => {
  const { bench, fake, desire } = await scene(t, 'bootc');
  bench.annotations['varve.dev/reboot'] = 'Soft';
  const stderr = 'error: Cannot soft-reboot to deployment with different kernel state';
  fake.state = { ...fake.state, log: [], fault: { command: 'ostree admin prepare-soft-reboot 0', stderr } };
  desire('2');
  await bench.settle();
  assert.deepEqual(lastReboot(fake), [
    'ostree admin prepare-soft-reboot 0',
    'ostree admin prepare-soft-reboot --reset',
    'systemctl reboot',
  ]);
  assert.equal(bench.annotation('state'), 'Done');
});

test('an agent reboots the whole host where nobody asks for less', async (t) => {
  const { bench, fake, desire } = await scene(t, 'bootc');
  fake.state = { ...fake.state, log: [] };
  desire('2');
  await bench.settle();
  assert.deepEqual(lastReboot(fake).at(-1), 'systemctl reboot');
  assert.ok(!lastReboot(fake).includes('ostree admin prepare-soft-reboot 0'));
});
