import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient, at } from '../lab/api-client.ts';
import { findKubectls, type KubectlProgram } from '../lab/kubectl/program.ts';
import { Kubectl } from '../lab/kubectl/kubectl.ts';
import { lastingPort } from '../lab/lasting-port.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run, type RunResult } from '../lab/run.ts';
import { PATIENCE, until } from '../lab/until.ts';
import { CHECKOUT } from '../lab/varve.ts';

const MCO = 'machineconfiguration.openshift.io';
const VARVE = join(CHECKOUT, 'bin/varve');

/** A `varve up` that has been typed. */
class Up {
  readonly child: ChildProcess;
  readonly ended: Promise<number | string>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    // A group of its own: a terminal's Ctrl-C reaches all of it.
    this.child = spawn(VARVE, ['up', ...args], {
      env: { ...process.env, LC_ALL: 'C', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  /** Waits for the words that end what it prints. */
  async ready(): Promise<Started> {
    const deadline = Date.now() + PATIENCE * 1000;
    while (!this.stdout.includes('Ctrl-C stops')) {
      if (this.child.exitCode !== null || this.child.signalCode !== null || Date.now() > deadline) {
        assert.fail(`varve up has not come up: ${this.stdout}${this.stderr}`);
      }
      await pause(20);
    }
    const word = (heading: string): string =>
      new RegExp(`^${heading} +(.*)$`, 'm').exec(this.stdout)?.[1] ?? '';
    return {
      kubeconfig: word('kubeconfig'),
      api: word('API'),
      registry: word('registry'),
      base: word('base image'),
    };
  }

  /** Sends a signal to it and those that it started; how it ended, and after how many milliseconds. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<{ status: number | string; took: number }> {
    const begin = Date.now();
    const { pid, exitCode, signalCode } = this.child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal);
    return { status: await this.ended, took: Date.now() - begin };
  }
}

interface Started {
  readonly kubeconfig: string;
  readonly api: string;
  readonly registry: string;
  readonly base: string;
}

async function clientOf({ kubeconfig }: Started): Promise<ApiClient> {
  return ApiClient.of(await readFile(kubeconfig, 'utf8'));
}

describe('varve up', { concurrency: 3 }, () => {
  let folder: string;
  const running = new Set<Up>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-up-'));
  });
  after(async () => {
    for (const up of running) await up.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  function start(...args: string[]): Up {
    const up = new Up(args, { HOME: folder });
    running.add(up);
    return up;
  }

  /** A `varve up` that is expected to end by itself. */
  function attempt(args: readonly string[], accept: readonly number[] = [1]): Promise<RunResult> {
    return run('timeout', [String(PATIENCE), VARVE, 'up', ...args], { accept, env: { HOME: folder } });
  }

  describe('for the first time', { concurrency: 1 }, () => {
    let up: Up;
    let started: Started;
    let client: ApiClient;
    let data: string;

    before(async () => {
      data = join(folder, 'first time');
      up = start('--data', data);
      started = await up.ready();
      client = await clientOf(started);
    });
    after(async () => {
      client.close();
      await up.stop();
    });

    test('prints kubeconfig, addresses and the command to type next', () => {
      assert.equal(started.kubeconfig, join(data, 'kubeconfig'));
      assert.match(started.api, /^https:\/\/127\.0\.0\.1:\d+$/);
      assert.match(started.registry, /^127\.0\.0\.1:\d+$/);
      assert.match(started.base, new RegExp(`^${started.registry}/base/miniature@sha256:[0-9a-f]{64}$`));
      const varve = relative(process.cwd(), VARVE);
      assert.deepEqual(up.stdout.split('\n').slice(4), [
        `log         ${data}/controller/log`,
        '',
        'In another terminal:',
        `  export KUBECONFIG='${data}/kubeconfig'`,
        `  kubectl label machineconfigpool worker ${MCO}/layered=`,
        `  ${varve.startsWith('..') ? VARVE : varve} status`,
        '',
        'Ctrl-C stops; everything is kept.',
        '',
      ]);
      assert.equal(up.stderr, '');
    });

    test('keeps what only its owner may read from others', async () => {
      for (const [path, mode] of [
        [data, 0o700],
        [started.kubeconfig, 0o600],
        [join(data, 'keys'), 0o700],
      ] as const) {
        assert.equal((await stat(path)).mode & 0o777, mode, path);
      }
    });

    test('sets up what a cluster has: namespace, pools, ControllerConfig and the secret of the registry', async () => {
      for (const name of ['worker', 'master']) {
        const { status, body } = await client.get(`/apis/${MCO}/v1/machineconfigpools/${name}`);
        assert.equal(status, 200);
        assert.equal(at(body, 'spec.machineConfigSelector.matchLabels')?.[`${MCO}/role` as never], name);
      }
      const config = await client.get(`/apis/${MCO}/v1/controllerconfigs/machine-config-controller`);
      assert.equal(at(config.body, 'spec.baseOSContainerImage'), started.base);
      const secret = await client.get(
        '/api/v1/namespaces/openshift-machine-config-operator/secrets/registry',
      );
      assert.equal(at(secret.body, 'type'), 'kubernetes.io/dockerconfigjson');
      const data = at(secret.body, 'data') as Record<string, string>;
      const auths = JSON.parse(Buffer.from(data['.dockerconfigjson'] ?? '', 'base64').toString()) as unknown;
      assert.ok(Object.keys(at(auths, 'auths') as object).includes(started.registry));
      const definitions = await client.get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
      assert.equal((at(definitions.body, 'items') as unknown[]).length, 11);
    });

    test('has a registry with the base in it, to which images can be pushed', async () => {
      const [repository = '', digest = ''] = started.base.split('/').slice(1).join('/').split('@');
      const manifest = await fetch(`http://${started.registry}/v2/${repository}/manifests/${digest}`);
      assert.equal(manifest.status, 200);
      const built = await run(
        VARVE,
        [
          'build',
          ['--pool', 'layered'],
          ['-f', join(CHECKOUT, 'examples')],
          ['--base', started.base],
          ['--push', `${started.registry}/pools/layered:1`],
        ],
        { env: { HOME: folder } },
      );
      assert.match(built.stdout, /@sha256:[0-9a-f]{64}\n$/);
    });

    test('a second one on the same data says who has it, and changes nothing', async () => {
      const { stdout, stderr } = await attempt(['--data', data]);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /^error: cannot use .*: it is in use by the process with pid \d+; stop it first\n$/,
      );
      assert.equal(stderr.match(/pid (\d+)/)?.[1], String(up.child.pid));
      assert.equal((await client.get('/readyz')).text, 'ok');
    });

    test('one on other data at the same ports says which is taken', async () => {
      const taken = new URL(started.api).port;
      const { stderr } = await attempt(['--data', join(folder, 'other'), '--port', taken]);
      assert.equal(
        stderr,
        `error: port ${taken} is taken: free it, or choose another with --port (0 takes any free one)\n`,
      );
      const registryPort = started.registry.split(':')[1] ?? '';
      const second = await attempt(['--data', join(folder, 'other'), '--registry-port', registryPort]);
      assert.equal(
        second.stderr,
        `error: port ${registryPort} is taken: free it, or choose another with --registry-port (0 takes any free one)\n`,
      );
    });
  });

  describe('with kubectl', { concurrency: 1, skip: skipWithout('kubectl') }, () => {
    test('takes the examples, and watches do not keep it from stopping', async () => {
      const [program] = findKubectls().slice(-1);
      assert.ok(program !== undefined);
      const up = start('--data', join(folder, 'examples'));
      const { kubeconfig } = await up.ready();
      const k = kubectl(program, kubeconfig);
      const examples = join(CHECKOUT, 'examples');
      // The pool of examples/automount is there for two distributions, of which one has one.
      // The pool comes last: its label would have a MachineOSConfig made, before or after kubectl makes the one of the examples.
      const folders = ['machineosconfig', 'usbguard', '.'].map((name) => `-f ${join(examples, name)}`);
      const applied = await k.say(`apply ${folders.join(' ')}`);
      assert.match(applied, new RegExp(`^machineconfigpool\\.${MCO}/layered created$`, 'm'));
      // The pool that is there already gets its label; everything else is new.
      assert.deepEqual(applied.match(/^.*(?:configured|unchanged)$/gm), [
        `machineconfigpool.${MCO}/worker configured`,
      ]);
      assert.match(await k.say('get mcp'), /^layered /m);
      assert.equal(await k.say('get nodes,pods -A -o name'), '');
      const watch = k.start('get mcp -w');
      await watch.printed(/worker/);
      const { status, took } = await up.stop();
      assert.equal(status, 0, up.stderr);
      assert.ok(took < 60_000, `${took} ms`);
      await watch.stop();
    });
  });

  function kubectl(program: KubectlProgram, kubeconfig: string): Kubectl {
    return new Kubectl(program, folder, kubeconfig, 'default');
  }

  describe('again on the same data', { concurrency: 1 }, () => {
    test('has everything at the same addresses, and the same kubeconfig works', async () => {
      const data = join(folder, 'again');
      const first = start('--data', data, ...(await lastingPorts()));
      const before = await first.ready();
      const copy = readFileSync(before.kubeconfig, 'utf8');
      const client = await clientOf(before);
      const created = await client.post('/api/v1/namespaces/default/configmaps', {
        metadata: { name: 'kept' },
        data: { a: '1' },
      });
      assert.equal(created.status, 201);
      await client.merge(`/apis/${MCO}/v1/machineconfigpools/worker`, { spec: { paused: true } });
      await client.delete(`/apis/${MCO}/v1/machineconfigpools/master`);
      const resourceVersion = Number(
        at((await client.get('/api/v1/configmaps')).body, 'metadata.resourceVersion'),
      );
      client.close();
      assert.equal((await first.stop()).status, 0);

      const second = start('--data', data);
      const after = await second.ready();
      assert.deepEqual(after, before);
      const old = ApiClient.of(copy);
      const { body } = await old.get('/api/v1/namespaces/default/configmaps/kept');
      assert.deepEqual(body, created.body);
      const worker = await old.get(`/apis/${MCO}/v1/machineconfigpools/worker`);
      assert.equal(at(worker.body, 'spec.paused'), true, 'what a person changed stays');
      assert.equal(
        (await old.get(`/apis/${MCO}/v1/machineconfigpools/master`)).status,
        200,
        'what has to be there comes back',
      );
      const now = Number(at((await old.get('/api/v1/configmaps')).body, 'metadata.resourceVersion'));
      assert.ok(now >= resourceVersion, `${now} after ${resourceVersion}`);
      const watch = await old.request(
        'GET',
        `/api/v1/configmaps?watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=1`,
      );
      assert.equal(watch.status, 200);
      assert.doesNotMatch(watch.text, /"ERROR"/);
      old.close();
      assert.equal((await second.stop()).status, 0);
    });

    test('follows the options of the new start', async () => {
      const data = join(folder, 'options');
      const first = start('--data', data, '--base', 'registry.example.com/os/base:1');
      assert.equal((await first.ready()).base, 'registry.example.com/os/base:1');
      await first.stop();
      const free = await lastingPort();
      const second = start('--data', data, '--port', String(free), '--registry-port', '0');
      const started = await second.ready();
      assert.equal(started.api, `https://127.0.0.1:${free}`);
      const client = await clientOf(started);
      const { body } = await client.get(`/apis/${MCO}/v1/controllerconfigs/machine-config-controller`);
      assert.equal(at(body, 'spec.baseOSContainerImage'), started.base);
      assert.match(started.base, /\/base\/miniature@sha256:/);
      client.close();
      await second.stop();
    });

    test('says so where the port of the last start is taken now', async () => {
      const data = join(folder, 'lost-port');
      const first = start('--data', data);
      const { api } = await first.ready();
      await first.stop();
      const thief = await listen(Number(new URL(api).port));
      try {
        const { stderr } = await attempt(['--data', data]);
        const port = new URL(api).port;
        assert.equal(
          stderr,
          `error: port ${port}, which was the one of the last start, is taken: free it, or choose another with --port (0 takes any free one)\n`,
        );
      } finally {
        thief.close();
      }
      const second = start('--data', data, '--port', '0');
      const started = await second.ready();
      assert.notEqual(started.api, api);
      await second.stop();
    });

    test('has what was acknowledged before it was killed', async () => {
      const data = join(folder, 'killed');
      const first = start('--data', data, ...(await lastingPorts()));
      const before = await first.ready();
      const client = await clientOf(before);
      const acknowledged: string[] = [];
      const writing = (async () => {
        for (let n = 0; ; n++) {
          const { status } = await client.post('/api/v1/namespaces/default/configmaps', {
            metadata: { name: `c-${n}` },
          });
          if (status === 201) acknowledged.push(`c-${n}`);
        }
      })().catch(() => {});
      await pause(500);
      assert.equal((await first.stop('SIGKILL')).status, 'SIGKILL');
      await writing;
      client.close();
      assert.ok(acknowledged.length > 10, String(acknowledged.length));
      const second = start('--data', data);
      assert.deepEqual(await second.ready(), before);
      const again = await clientOf(before);
      const { body } = await again.get('/api/v1/namespaces/default/configmaps');
      const names = new Set((at(body, 'items') as unknown[]).map((item) => at(item, 'metadata.name')));
      assert.deepEqual(
        acknowledged.filter((name) => !names.has(name)),
        [],
      );
      again.close();
      assert.equal((await second.stop()).status, 0);
      assert.equal(second.stderr, 'stopping; everything is kept\n');
    });
  });

  describe('and its controllers', { concurrency: 1 }, () => {
    /** The last controller process of these data. */
    async function controllerOf(data: string): Promise<{ readonly pid: number; readonly health: string }> {
      const log = join(data, 'controller/log');
      let last: RegExpExecArray | undefined;
      await until('its controller runs', () => {
        const said = existsSync(log) ? readFileSync(log, 'utf8') : '';
        last = [...said.matchAll(/pid (\d+), .* health (http:[^)]+)\)/g)].at(-1);
        return last !== undefined;
      });
      return { pid: Number(last?.[1]), health: last?.[2] ?? '' };
    }

    function isRunning(pid: number): boolean {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    }

    function varve(kubeconfig: string, args: readonly string[]): Promise<RunResult> {
      return run(VARVE, args, { env: { HOME: folder, KUBECONFIG: kubeconfig } });
    }

    test('a label is all that it takes: the pool has an image, which status and logs tell of', async () => {
      const data = join(folder, 'controllers');
      const up = start('--data', data);
      const started = await up.ready();
      const client = await clientOf(started);
      const pool = `/apis/${MCO}/v1/machineconfigpools/worker`;
      await client.merge(pool, { metadata: { labels: { [`${MCO}/layered`]: '' } } });
      let image: unknown;
      await until('the image is in force', async () => {
        const { body } = await client.get(`/apis/${MCO}/v1/machineosconfigs/worker`);
        image = at(body, 'status.currentImagePullSpec');
        return typeof image === 'string';
      });
      assert.ok(typeof image === 'string' && image.startsWith(`${started.registry}/varve/images@sha256:`));
      const [repository, digest] = image.slice(started.registry.length + 1).split('@');
      const manifest = await fetch(`http://${started.registry}/v2/${repository}/manifests/${digest}`);
      assert.equal(manifest.status, 200);
      await until('its status says so', async () => {
        const { stdout } = await varve(started.kubeconfig, ['status', '-o', 'json']);
        const { pools } = JSON.parse(stdout) as { pools: { name: string; state: string; image: unknown }[] };
        return pools.some((one) => one.name === 'worker' && one.state === 'updated' && one.image === image);
      });
      const text = (await varve(started.kubeconfig, ['status'])).stdout;
      assert.match(
        text,
        /^worker +updated +rendered-worker-\w+ +succeeded +[0-9a-f]{12} +0\/0\n {4}its image is built; it has no nodes$/m,
      );
      assert.doesNotMatch(text, /PROBLEMS/);
      const logs = await varve(started.kubeconfig, ['logs', '--follow', 'worker']);
      assert.ok(logs.stdout.includes(image), logs.stdout);
      assert.equal(up.stderr, '', 'nothing is wrong, and nothing is said');
      client.close();
      const { pid } = await controllerOf(data);
      assert.equal((await up.stop()).status, 0);
      assert.equal(isRunning(pid), false);
      assert.equal(up.stderr, 'stopping; everything is kept\n');
    });

    test('a controller that is killed is started again, and a person is told', async () => {
      const data = join(folder, 'killed controller');
      const up = start('--data', data);
      await up.ready();
      const { pid } = await controllerOf(data);
      process.kill(pid, 'SIGKILL');
      await until('there is another', async () => (await controllerOf(data)).pid !== pid);
      assert.equal(
        up.stderr,
        `warning: the controller has ended (SIGKILL) and is started again in 1 s; ${data}/controller/log may say why\n`,
      );
      assert.equal((await up.stop()).status, 0);
    });

    test('when it is killed itself, its controller ends, and its agents and the picture of it do', async () => {
      const data = join(folder, 'killed with controller');
      const up = start('--data', data, '--nodes', '1');
      await up.ready();
      const { pid = 0 } = up.child;
      const childrenOf = async (): Promise<readonly number[]> => {
        const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
        return text.trim().split(' ').map(Number);
      };
      // The controller, the picture, and an agent as soon as the machine is installed.
      await until('all three run', async () => (await childrenOf()).length === 3);
      const children = await childrenOf();
      assert.ok(children.includes((await controllerOf(data)).pid));
      // Itself alone: its controller is in another group.
      assert.equal((await up.stop('SIGKILL')).status, 'SIGKILL');
      await until('all have ended', () => !children.some(isRunning));
    });

    test('--no-controller leaves it out', async () => {
      const data = join(folder, 'alone');
      const up = start('--data', data, '--no-controller');
      await up.ready();
      assert.doesNotMatch(up.stdout, /^log /m);
      assert.match(up.stdout, /^ {2}kubectl get machineconfigpools$/m);
      assert.equal(existsSync(join(data, 'controller')), false);
      assert.equal((await up.stop()).status, 0);
    });

    test('a directory that it cannot have is said', async () => {
      const data = join(folder, 'in the way');
      await mkdir(data);
      await writeFile(join(data, 'controller'), '');
      const { stderr } = await attempt(['--data', data]);
      assert.match(
        stderr,
        /error: cannot use .*\/controller for the controller: .*; make room or mend that and start again\n$/,
      );
    });
  });

  describe('stopped', { concurrency: 1 }, () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      test(`by ${signal} ends well, soon, and leaves no file that means nothing`, async () => {
        const data = join(folder, signal.toLowerCase());
        const up = start('--data', data);
        await up.ready();
        const { status, took } = await up.stop(signal);
        assert.equal(status, 0);
        assert.equal(up.stderr, 'stopping; everything is kept\n');
        assert.ok(took < 60_000, `${took} ms`);
        assert.deepEqual(readdirSync(data).sort(), [
          'controller',
          'keys',
          'kubeconfig',
          'nodes.json',
          'objects',
          'ports.json',
          'registry',
        ]);
        assert.deepEqual(readdirSync(join(data, 'objects')).sort(), ['objects.db', 'objects.lock']);
        assert.deepEqual(readdirSync(join(data, 'registry/temporary')), []);
      });
    }

    test('while it starts ends as a shell says it of a process that was interrupted, and can be started again', async () => {
      const data = join(folder, 'impatient');
      const up = start('--data', data, ...(await lastingPorts()));
      while (!existsSync(join(data, 'objects'))) await pause(5);
      const { status } = await up.stop();
      assert.ok([0, 130, 'SIGINT'].includes(status), String(status));
      const again = start('--data', data);
      await again.ready();
      assert.equal((await again.stop()).status, 0);
    });
  });

  describe('asked for what cannot be', { concurrency: 1 }, () => {
    test('flags that make no sense are usage', async () => {
      for (const [args, complaint] of [
        [
          ['--port', 'x'],
          /argument 'x' is invalid\. a port is a number from 0 to 65535; 0 takes any free one/,
        ],
        [['--port', '65536'], /argument '65536' is invalid/],
        [['--registry-port', '-1'], /argument '-1' is invalid|argument missing/],
        [['--nodes', '51'], /argument '51' is invalid\. a number from 0 to 50/],
        [['--data'], /argument missing/],
        [['--nothing'], /unknown option '--nothing'/],
        [['extra'], /too many arguments/],
      ] as const) {
        const { stdout, stderr } = await attempt(args, [2]);
        assert.equal(stdout, '');
        assert.match(stderr, complaint, args.join(' '));
        assert.match(stderr, /\(see varve --help\)\n$/);
      }
      const { stdout } = await attempt(['--help'], [0]);
      assert.match(stdout, /^Usage: varve up \[options\]\n/);
      for (const flag of ['--data', '--port', '--registry-port', '--base', '--no-controller', '--nodes'])
        assert.ok(stdout.includes(flag), flag);
    });

    test('a base that is no image', async () => {
      const { stderr } = await attempt(['--data', join(folder, 'no-base'), '--base', 'not an image']);
      assert.match(stderr, /^error: cannot read image reference "not an image": .*\n$/);
      assert.equal(existsSync(join(folder, 'no-base')), false);
    });

    test('data where there can be none', async () => {
      const file = join(folder, 'file');
      await writeFile(file, '');
      for (const [path, reason] of [
        [file, 'it is a file'],
        [join(file, 'below'), 'a part of the path is a file'],
        ['/proc/varve/data', 'it cannot be made'],
      ] as const) {
        const { stderr } = await attempt(['--data', path]);
        assert.equal(stderr, `error: cannot use ${path} for the data: ${reason}\n`);
      }
    });

    for (const name of ['kubeconfig', 'ports.json']) {
      test(`a ${name} that cannot be written, after all has started`, async () => {
        const data = join(folder, `no-${name}`);
        // A folder in its place cannot be replaced by a file, as on a full disk none can be made.
        await mkdir(join(data, name, 'in-the-way'), { recursive: true });
        const { stderr } = await attempt(['--data', data]);
        assert.match(
          stderr,
          new RegExp(
            `error: cannot write ${join(data, name)}: .*; make room or mend that and start again\n$`,
          ),
        );
        assert.doesNotMatch(stderr, /defect/);
        await rm(join(data, name), { recursive: true });
        // What was stopped halfway holds nothing, and can be started.
        const again = start('--data', data);
        await again.ready();
        assert.equal((await again.stop()).status, 0);
      });
    }

    test(
      'data that may not be written',
      { skip: process.getuid?.() === 0 && !existsSync('/usr/bin/setpriv') && 'needs setpriv' },
      async () => {
        const data = join(folder, 'read-only');
        await mkdir(data);
        await chmod(folder, 0o755);
        await chmod(data, 0o555);
        // Root writes anywhere: as nobody, then.
        const nobody =
          process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
        const { stderr } = await run('timeout', [String(PATIENCE), ...nobody, VARVE, 'up', '--data', data], {
          accept: [1],
          env: { HOME: folder },
        });
        assert.match(stderr, /^error: cannot use .*(permission denied|EACCES)/m);
        assert.doesNotMatch(stderr, /defect/);
        assert.deepEqual(readdirSync(data), []);
      },
    );
  });
});

/** For a start after which there is another one, which has the same ports. */
async function lastingPorts(): Promise<readonly string[]> {
  return ['--port', String(await lastingPort()), '--registry-port', String(await lastingPort())];
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  return server;
}
