import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  afterAct,
  afterRemedy,
  decide,
  DEFAULT_POLICY,
  DrivenHost,
  type Journal,
  nodeReport,
  nodeWishes,
  type Plan,
} from '../../src/agent/index.ts';
import { DEADLINES, openDriver } from '../../src/host/index.ts';
import { FAKE_CAPABILITIES, FakeHost, fakeDeployment, fakeImage } from '../../src/host/fake-host.ts';

const M = 'machineconfiguration.openshift.io';

/** An agent on a host whose tools are fakes, with nobody to talk to but the test. */
class Bench {
  readonly fake: FakeHost;
  readonly annotations: Record<string, string> = {};
  readonly plans: Plan[] = [];
  unschedulable = false;
  now = 1_800_000_000_000;
  #journal: Journal | undefined;
  readonly #host: DrivenHost;
  #boots = 0;

  private constructor(fake: FakeHost, tool: 'bootc' | 'rpm-ostree') {
    this.fake = fake;
    const driver = openDriver(tool, {
      host: fake.runner,
      capabilities: FAKE_CAPABILITIES,
      deadlines: DEADLINES,
    });
    this.#host = new DrivenHost({
      runner: fake.runner,
      driver,
      capabilities: FAKE_CAPABILITIES,
      policy: DEFAULT_POLICY,
    });
  }

  static async make(t: TestContext, tool: 'bootc' | 'rpm-ostree'): Promise<Bench> {
    const fake = await FakeHost.make({ deployments: [fakeDeployment('1', { booted: true })] });
    t.after(() => fake.remove());
    const bench = new Bench(fake, tool);
    await bench.boot();
    return bench;
  }

  get kinds(): string {
    return this.plans
      .map(({ step }) => step.kind)
      .filter((kind, index, all) => kind !== 'record' && kind !== all[index - 1])
      .join(' ');
  }

  /** What /proc shows after a boot of what comes first, unless it is staged and locked. */
  async boot(): Promise<void> {
    const { deployments } = this.fake.state;
    const staged = deployments.find((one) => one.staged);
    const kept = deployments.filter((one) => !one.staged);
    const first = staged?.locked === false ? staged : kept[0];
    assert.ok(first !== undefined, 'a host boots something');
    const others = kept.filter((one) => one !== first);
    const booted = [
      Object.assign({}, first, { staged: false, booted: true }),
      ...others.map((one) => Object.assign({}, one, { booted: false })),
    ];
    this.fake.state = { ...this.fake.state, deployments: booted };
    this.#boots += 1;
    const random = join(this.fake.folder, 'proc', 'sys', 'kernel', 'random');
    await mkdir(random, { recursive: true });
    await writeFile(join(random, 'boot_id'), `boot-${this.#boots}\n`);
    const line = `BOOT_IMAGE=x ostree=/ostree/boot.1/default/x/0 ${booted[0]?.kernelArguments ?? ''}\n`;
    await writeFile(join(this.fake.folder, 'proc', 'cmdline'), line);
  }

  desire(letter: string): void {
    this.annotations[`${M}/desiredConfig`] = `rendered-${letter}`;
    this.annotations[`${M}/desiredImage`] = fakeImage(letter);
  }

  drain(): void {
    const wish = this.annotations[`${M}/desiredDrain`] ?? '';
    this.unschedulable = wish.startsWith('drain-');
    this.annotations[`${M}/lastAppliedDrain`] = wish;
  }

  async turn(): Promise<Plan> {
    const { signal } = new AbortController();
    const node = {
      metadata: { name: 'n1', annotations: this.annotations },
      spec: { unschedulable: this.unschedulable },
    };
    const look = await this.#host.look(signal);
    const host = look.state === 'fresh' ? look : { ...look, since: this.now, count: 1, remedied: false };
    const journal =
      this.#journal === undefined
        ? ({ state: 'absent' } as const)
        : ({ state: 'read', journal: this.#journal } as const);
    const facts = { journal, node: nodeWishes(node), host, policy: DEFAULT_POLICY, now: this.now };
    const plan = decide(facts);
    this.plans.push(plan);
    for (const [key, value] of Object.entries(nodeReport(node, facts, plan))) {
      if (value === null) delete this.annotations[key];
      else this.annotations[key] = value;
    }
    const { step } = plan;
    if ('journal' in step) this.#journal = step.journal;
    if (step.kind === 'rest' || step.kind === 'wait' || step.kind === 'record') return plan;
    if (step.kind === 'remedy') {
      await this.#host.remedy(step.remedy, step.dropRollback, signal);
      if (this.#journal !== undefined) this.#journal = afterRemedy(this.#journal);
      return plan;
    }
    const outcome = await this.#host.perform(step, signal);
    assert.ok(this.#journal !== undefined && host.state === 'fresh');
    this.#journal = afterAct(this.#journal, step, outcome, host.view.bootId, this.now);
    if (step.kind === 'reboot' && outcome.result === 'done') await this.boot();
    return plan;
  }

  async settle(): Promise<Plan> {
    for (let turns = 0; turns < 60; turns += 1) {
      const before = JSON.stringify([this.annotations, this.unschedulable]);
      const plan = await this.turn();
      if (plan.step.kind === 'wait') this.now = plan.step.until;
      if (plan.step.kind !== 'rest') continue;
      this.drain();
      if (JSON.stringify([this.annotations, this.unschedulable]) === before) return plan;
    }
    assert.fail(this.kinds);
  }
}

for (const tool of ['bootc', 'rpm-ostree'] as const) {
  test(`an agent moves a host with ${tool}, locked until the node is drained`, async (t) => {
    const bench = await Bench.make(t, tool);
    bench.desire('1');
    await bench.settle();
    assert.equal(bench.kinds, 'rest');
    bench.desire('2');
    bench.plans.length = 0;
    let plan = await bench.turn();
    while (plan.step.kind !== 'rest') plan = await bench.turn();
    const staged = bench.fake.state.deployments.find((one) => one.staged);
    assert.ok(staged?.locked, 'nothing boots that was not let go');
    await bench.settle();
    assert.equal(bench.kinds, 'stage rest unlock reboot rest');
    assert.equal(bench.fake.state.deployments.find((one) => one.booted)?.image, fakeImage('2'));
    assert.deepEqual(
      [
        bench.annotations[`${M}/state`],
        bench.annotations[`${M}/currentImage`],
        bench.annotations['varve.dev/rollback-image'],
      ],
      ['Done', fakeImage('2'), fakeImage('1')],
    );
    const reboots = bench.fake.state.log.filter((line) => line.startsWith('systemd-run'));
    assert.equal(reboots.length, 1);
    assert.match(reboots[0] ?? '', /Requires=ostree-finalize-staged\.service/);
  });

  test(`an agent goes back to the image that runs, with ${tool}, before it was ever left`, async (t) => {
    const bench = await Bench.make(t, tool);
    bench.desire('1');
    await bench.settle();
    bench.desire('2');
    let plan = await bench.turn();
    while (plan.step.kind !== 'rest') plan = await bench.turn();
    bench.desire('1');
    await bench.settle();
    assert.deepEqual(
      bench.fake.state.deployments.map((one) => one.image),
      [fakeImage('1')],
    );
    assert.equal(bench.annotations[`${M}/state`], 'Done');
  });

  test(`an agent says why ${tool} cannot pull, and goes on when it can`, async (t) => {
    const bench = await Bench.make(t, tool);
    bench.desire('1');
    await bench.settle();
    const command = tool === 'bootc' ? 'bootc switch' : 'rpm-ostree rebase';
    const stderr =
      'error: Pulling: reading manifest: unauthorized: access to the requested resource is not authorized';
    bench.fake.state = { ...bench.fake.state, fault: { command, stderr, status: 1 } };
    bench.desire('2');
    for (let turns = 0; turns < 20; turns += 1) {
      const { step } = await bench.turn();
      if (step.kind === 'wait') bench.now = step.until;
    }
    assert.equal(bench.annotations[`${M}/state`], 'Degraded');
    assert.match(bench.annotations[`${M}/reason`] ?? '', /unauthorized: .* check the pull secret's entry/);
    const { fault: _, ...well } = bench.fake.state;
    bench.fake.state = well;
    await bench.settle();
    assert.equal(bench.annotations[`${M}/state`], 'Done');
  });
}

test('an agent sees what another tool staged in the place of its image just before it reboots', async (t) => {
  const bench = await Bench.make(t, 'rpm-ostree');
  bench.desire('1');
  await bench.settle();
  bench.desire('2');
  let plan = await bench.turn();
  while (plan.step.kind !== 'rest') plan = await bench.turn();
  bench.fake.state = {
    ...bench.fake.state,
    deployments: bench.fake.state.deployments.map((one) =>
      one.staged ? fakeDeployment('9', { staged: true }) : one,
    ),
  };
  bench.drain();
  await bench.settle();
  assert.equal(bench.fake.state.deployments.find((one) => one.booted)?.image, fakeImage('2'));
});
