import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { load } from 'js-yaml';
import { at, type AnyObject, type ApiClient } from '../lab/api-client.ts';
import { atEnd } from '../lab/at-end.ts';
import { openControlPlane, type LabControlPlane } from '../lab/control-plane.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run, type RunResult } from '../lab/run.ts';
import { PATIENCE, until } from '../lab/until.ts';
import { VarveProcess } from '../lab/varve-process.ts';
import { CHECKOUT } from '../lab/varve.ts';

// varve status and varve logs as people type them, about objects that nobody works on.

const GROUP = 'machineconfiguration.openshift.io';
const MCO = `/apis/${GROUP}/v1`;
const NAMESPACE = 'openshift-machine-config-operator';
const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const APPLY = 'application/apply-patch+yaml';

type State = 'Prepared' | 'Building' | 'Succeeded' | 'Failed' | 'Interrupted';

describe('varve status and logs', { concurrency: 1 }, () => {
  let folder: string;
  let lab: LabControlPlane;
  let admin: ApiClient;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-status-'));
    lab = await openControlPlane();
    admin = lab.admin;
    await admin.merge(`${MCO}/machineconfigpools/worker`, {
      spec: { configuration: { name: 'rendered-worker-1' } },
    });
    await created(`${MCO}/machineosconfigs`, {
      apiVersion: `${GROUP}/v1`,
      kind: 'MachineOSConfig',
      metadata: { name: 'worker' },
      spec: {
        machineConfigPool: { name: 'worker' },
        imageBuilder: { imageBuilderType: 'Job' },
        renderedImagePushSecret: { name: 'registry' },
        renderedImagePushSpec: 'registry.example.com/os/pools:worker',
      },
    });
  });
  after(async () => {
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  });

  function varve(args: readonly string[], accept: readonly number[] = [0]): Promise<RunResult> {
    const env = { HOME: folder, KUBECONFIG: lab.plane.kubeconfig };
    return run('timeout', [String(PATIENCE), join(CHECKOUT, 'bin/varve'), ...args], { accept, env });
  }

  /** What is said where nothing is printed. */
  async function refusal(args: readonly string[], status = 1): Promise<string> {
    const { stdout, stderr } = await varve(args, [status]);
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /defect/);
    return stderr;
  }

  async function created(path: string, object: AnyObject): Promise<void> {
    const { status, text } = await admin.post(path, object);
    assert.equal(status, 201, text);
  }

  async function build(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await created(`${MCO}/machineosbuilds`, {
      apiVersion: `${GROUP}/v1`,
      kind: 'MachineOSBuild',
      metadata: { name, labels },
      spec: {
        machineConfig: { name: 'rendered-worker-1' },
        machineOSConfig: { name: 'worker' },
        renderedImagePushSpec: `registry.example.com/os/pools:${name}`,
      },
    });
  }

  /** Lets a build be in a state. */
  async function become(name: string, state: State, message: string = state): Promise<void> {
    const conditions = ['Prepared', 'Building', 'Failed', 'Interrupted', 'Succeeded'].map((type) => ({
      type,
      status: type === state ? 'True' : 'False',
      reason: 'Test',
      message: type === state ? message : '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }));
    const { status, text } = await admin.request('PATCH', `${MCO}/machineosbuilds/${name}/status`, {
      body: { status: { conditions } },
      contentType: 'application/merge-patch+json',
    });
    assert.equal(status, 200, text);
  }

  /** Writes a build's log as controllers do. */
  async function say(name: string, log: string, isWhole = false): Promise<void> {
    const { status, text } = await admin.request(
      'PATCH',
      `${MAPS}/build-log-${name}?fieldManager=test&force=true`,
      {
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `build-log-${name}`, namespace: NAMESPACE },
          data: { log, ...(isWhole ? { whole: 'true' } : {}) },
        },
        contentType: APPLY,
      },
    );
    assert.ok(status === 200 || status === 201, text);
  }

  function follow(t: TestContext, what: string): VarveProcess {
    const process = new VarveProcess(['logs', what, '--follow'], {
      HOME: folder,
      KUBECONFIG: lab.plane.kubeconfig,
    });
    atEnd(t, () => process.stop('SIGKILL'));
    return process;
  }

  test('status has the same in all its forms', async () => {
    const json = JSON.parse((await varve(['status', '--output', 'json'])).stdout) as Record<string, unknown>;
    assert.deepEqual(load((await varve(['status', '-o', 'yaml'])).stdout), json);
    assert.deepEqual(Object.keys(json), ['pools', 'builds', 'problems']);
    assert.deepEqual(
      (json['pools'] as { name: string; message: string }[]).map(({ name, message }) => [name, message]),
      [
        ['master', 'waits for its first rendered configuration; is varve controller running?'],
        ['worker', 'waits for MachineOSConfig worker to get a build; is varve controller running?'],
      ],
    );
    const { stdout, stderr } = await varve(['status', '--kubeconfig', lab.plane.kubeconfig]);
    assert.match(stdout, /^worker +waiting +rendered-worker-1 +no build +- +0\/0$/m);
    assert.equal(stderr, '');
  });

  test('status is a plugin of kubectl', { skip: skipWithout('kubectl') }, async () => {
    const PATH = `${join(CHECKOUT, 'bin')}:${process.env['PATH'] ?? ''}`;
    const env = { HOME: folder, KUBECONFIG: lab.plane.kubeconfig, PATH };
    const { stdout } = await run('kubectl', ['varve', 'status'], { env });
    assert.equal(stdout, (await varve(['status'])).stdout);
  });

  test('logs of a pool without a build says what the pool waits for', async () => {
    assert.equal(
      await refusal(['logs', 'worker']),
      'error: pool worker has no build now: it waits for MachineOSConfig worker to get a build; is varve controller running?\n',
    );
  });

  test('logs of what is not there, or means nothing', async () => {
    for (const [what, status, complaint] of [
      ['build/none', 1, 'error: there is no MachineOSBuild none; varve status lists them\n'],
      ['machineosbuild/none', 1, 'error: there is no MachineOSBuild none; varve status lists them\n'],
      ['pool/none', 1, 'error: there is no MachineConfigPool none; varve status lists them\n'],
      ['none', 1, 'error: there is no MachineConfigPool or MachineOSBuild none; varve status lists them\n'],
      ['pod/none', 1, 'error: cannot read "pod/none": write build/NAME, pool/NAME, or the name of a pool\n'],
      ['build/', 1, 'error: cannot read "build/": write build/NAME, pool/NAME, or the name of a pool\n'],
      [
        'build/a/b',
        1,
        'error: cannot read "build/a/b": write build/NAME, pool/NAME, or the name of a pool\n',
      ],
      ['', 1, 'error: cannot read "": write build/NAME, pool/NAME, or the name of a pool\n'],
    ] as const) {
      assert.equal(await refusal(['logs', what], status), complaint, what);
    }
    assert.match(await refusal(['logs'], 2), /missing required argument 'what'/);
  });

  test('logs prints what there is; without --follow, however the build ended', async () => {
    await build('worker-a');
    assert.equal(
      await refusal(['logs', 'build/worker-a']),
      'error: build worker-a has no log: it has not begun; is varve controller running?\n',
    );
    await become('worker-a', 'Building');
    assert.equal(
      await refusal(['logs', 'worker']),
      'error: build worker-a has no log: nothing was said yet; --follow waits\n',
    );
    await say('worker-a', 'one\ntwo\n', true);
    await become('worker-a', 'Failed', 'Build Failed: no such registry');
    for (const what of [
      'build/worker-a',
      'MachineOSBuild/worker-a',
      'mosb/worker-a',
      'worker-a',
      'worker',
      'mcp/worker',
    ])
      assert.equal((await varve(['logs', what])).stdout, 'one\ntwo\n', what);
    assert.match(
      (await varve(['status'])).stdout,
      /^ {4}build worker-a failed: no such registry; varve logs build\/worker-a has its log$/m,
    );
    assert.equal(
      await refusal(['logs', '-n', 'default', 'worker-a']),
      'error: build worker-a has no log: ConfigMap default/build-log-worker-a is not there; perhaps another --namespace has it\n',
    );
    await admin.delete(`${MCO}/machineosbuilds/worker-a`);
    await build('worker-b', { [`${GROUP}/pre-built-image`]: 'true' });
    await become('worker-b', 'Succeeded');
    assert.equal(
      await refusal(['logs', 'worker-b']),
      'error: build worker-b has no log: its image had been built before\n',
    );
    await admin.delete(`${MCO}/machineosbuilds/worker-b`);
  });

  test('logs --follow prints lines as they come, and ends well with a build that does', async (t) => {
    await build('worker-b');
    await become('worker-b', 'Building');
    const process = follow(t, 'worker');
    await say('worker-b', 'one\n');
    await process.printed(/one\n/);
    await say('worker-b', 'one\ntwo\n');
    await process.printed(/two\n/);
    await become('worker-b', 'Succeeded');
    await pause(300);
    assert.ok(process.isRunning, 'its last line is on its way');
    await say('worker-b', 'one\ntwo\nthree\n', true);
    assert.equal(await process.ended, 0);
    assert.equal(process.stdout, 'one\ntwo\nthree\n');
    assert.equal(process.stderr, '');
  });

  test('logs --follow waits for a build that has not begun, and fails with one that fails', async (t) => {
    await build('worker-c');
    const process = follow(t, 'build/worker-c');
    await pause(500);
    assert.ok(process.isRunning);
    await become('worker-c', 'Building');
    await say('worker-c', 'one\n', true);
    await become('worker-c', 'Failed', 'Build Failed: no such registry');
    assert.equal(await process.ended, 1);
    assert.equal(process.stdout, 'one\n');
    assert.equal(process.stderr, 'error: build worker-c failed: no such registry\n');
  });

  test('logs --follow of a build whose log nobody finishes, or that is deleted, ends', async (t) => {
    await build('worker-d');
    await become('worker-d', 'Interrupted', 'Build Interrupted: another configuration');
    const interrupted = follow(t, 'build/worker-d');
    assert.equal(await interrupted.ended, 1);
    assert.match(
      interrupted.stderr,
      /^build worker-d has no log: .*\nerror: build worker-d was interrupted: /,
    );
    await build('worker-e');
    await become('worker-e', 'Building');
    const deleted = follow(t, 'build/worker-e');
    await say('worker-e', 'one\n');
    await deleted.printed(/one/);
    await admin.delete(`${MCO}/machineosbuilds/worker-e`);
    assert.equal(await deleted.ended, 1);
    assert.equal(deleted.stderr, 'error: build worker-e was deleted before it came to its end\n');
  });

  test('logs --follow ends as a shell says it when it is interrupted', async (t) => {
    await build('worker-f');
    const process = follow(t, 'build/worker-f');
    await pause(1000);
    const { status, took } = await process.stop('SIGINT');
    assert.equal(status, 130);
    assert.ok(took < 60_000, `${took} ms`);
    assert.equal(process.stderr, '');
  });

  test('what a user may not do is said', async () => {
    const config = join(folder, 'stranger');
    await writeFile(config, await lab.plane.kubeconfigFor('stranger', []));
    for (const args of [['status'], ['logs', 'worker']]) {
      assert.match(
        await refusal([...args, '--kubeconfig', config]),
        /^error: https:\S+ does not allow it: machineconfigpools.*is forbidden: User "stranger" cannot .*; ask whoever runs the cluster, or name another user with --context\n$/,
      );
    }
    assert.match(
      await refusal(['status', '--context', 'nowhere']),
      /^error: cannot use .*: no context "nowhere"\n$/,
    );
  });

  test('a cluster that is away, or has nothing of Varve, is said', async () => {
    const config = join(folder, 'away');
    const text = await readFile(lab.plane.kubeconfig, 'utf8');
    await writeFile(config, text.replaceAll(lab.plane.url, 'https://127.0.0.1:1'));
    for (const args of [['status'], ['logs', 'worker']]) {
      assert.match(
        await refusal([...args, '--kubeconfig', config]),
        /^error: cannot reach the API server https:\/\/127\.0\.0\.1:1: connect ECONNREFUSED .*; is it running, and is this the right kubeconfig\?\n$/,
      );
    }
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const { body } = await admin.get(definitions);
    const names = (at(body, 'items') as unknown[]).map((item) => at(item, 'metadata.name') as string);
    for (const name of names) await admin.delete(`${definitions}/${name}`);
    await until(
      'no pools are served',
      async () => (await admin.get(`${MCO}/machineconfigpools`)).status === 404,
    );
    for (const args of [['status'], ['logs', 'worker']]) {
      assert.match(
        await refusal(args),
        /^error: https:\S+ has no objects of Varve: .*; create their kinds with kubectl apply -f deploy\/crds, or name another cluster with --kubeconfig\n$/,
      );
    }
  });
});
