import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { dump, load, loadAll } from 'js-yaml';
import {
  clusterObjects,
  clusterSettings,
  pushMiniatureBase,
  startRegistry,
  type EmbeddedRegistry,
} from '../../src/embedded/index.ts';
import { Controllers } from '../../src/controllers/run-controllers.ts';
import { DEFAULT_SETTINGS, type ControllerSettings } from '../../src/controllers/support.ts';
import { loadKubeconfig, QUICK_LEASE } from '../../src/kube/index.ts';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { memoryCache } from '../../src/osbuild/index.ts';
import { at, type AnyObject, type ApiClient } from '../lab/api-client.ts';
import { atEnd } from '../lab/at-end.ts';
import { GRANTED_FOR_JOBS, grantedToController } from '../lab/cluster/granted.ts';
import { RecordingClient } from '../lab/cluster/recording-client.ts';
import { openControlPlane, type LabControlPlane } from '../lab/control-plane.ts';
import { run, type RunResult } from '../lab/run.ts';
import { PATIENCE, until } from '../lab/until.ts';
import { VarveProcess } from '../lab/varve-process.ts';
import { CHECKOUT } from '../lab/varve.ts';

// varve controller as people and clusters run it: the real program against an API server, as the service account of
// deploy/controller/rbac.yaml.

const GROUP = 'machineconfiguration.openshift.io';
const MCO = `/apis/${GROUP}/v1`;
const NAMESPACE = 'openshift-machine-config-operator';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const LAYERED = `${GROUP}/layered`;
/** What somebody would read aloud if there were something wrong. */
const ALARM = /^\S+ (?:warning|error): .*$/m;

/** A MachineConfig with one file. */
function machineConfig(name: string, text: string, role = 'worker'): AnyObject {
  const files = [{ path: '/etc/motd', contents: { source: `data:,${text}` } }];
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'MachineConfig',
    metadata: { name, labels: { [`${GROUP}/role`]: role } },
    spec: { config: { ignition: { version: '3.2.0' }, storage: { files } } },
  };
}

function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

/** A kubeconfig with a token in the place of its certificate. */
function withToken(kubeconfig: string, token: string): string {
  const config = load(kubeconfig) as { users: { name: string }[] };
  return dump({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) });
}

describe('varve controller', { concurrency: 1 }, () => {
  let folder: string;
  let registry: EmbeddedRegistry;
  let lab: LabControlPlane;
  let admin: ApiClient;
  /** Of the service account. */
  let kubeconfig: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-controller-'));
    registry = await startRegistry({ directory: join(folder, 'registry') });
    const client = openRegistry({});
    const reference = `${registry.address}/base/os`;
    const digest = await pushMiniatureBase(client, parseReference(`${reference}:1`));
    client.close();
    const isNoRole = (object: AnyObject): boolean => !/Role/.test(textAt(object, 'kind'));
    lab = await openControlPlane({
      furnish: (authority) => {
        const facts = { registry: registry.address, base: `${reference}@${digest}`, authority };
        return Promise.resolve({
          objects: clusterObjects(facts).filter(isNoRole),
          settings: clusterSettings(facts).filter(isNoRole),
        });
      },
    });
    admin = lab.admin;
    for (const object of loadAll(await readFile(join(CHECKOUT, 'deploy/controller/rbac.yaml'), 'utf8'))) {
      const { status, text } = await admin.post(collectionOf(object as AnyObject), object);
      assert.equal(status, 201, text);
    }
    const token = await admin.post(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts/varve-controller/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    kubeconfig = join(folder, 'kubeconfig');
    const text = await readFile(lab.plane.kubeconfig, 'utf8');
    await writeFile(kubeconfig, withToken(text, textAt(token.body, 'status.token')));
    for (const role of ['worker', 'master']) {
      const made = await admin.post(`${MCO}/machineconfigs`, machineConfig(`50-${role}`, 'hello', role));
      assert.equal(made.status, 201, made.text);
    }
  });
  after(async () => {
    await lab.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  function collectionOf(object: AnyObject): string {
    const plural = `${textAt(object, 'kind').toLowerCase()}s`;
    const group = textAt(object, 'apiVersion');
    const namespace = textAt(object, 'metadata.namespace');
    const root = group === 'v1' ? '/api/v1' : `/apis/${group}`;
    return `${root}${namespace === '' ? '' : `/namespaces/${namespace}`}/${plural}`;
  }

  function start(t: TestContext, ...args: readonly string[]): VarveProcess {
    const started = new VarveProcess(
      [
        'controller',
        `--kubeconfig=${kubeconfig}`,
        `--push-repository=${registry.address}/varve/images`,
        '--push-secret=registry',
        '--pull-secret=registry',
        ...args,
      ],
      { HOME: folder },
    );
    atEnd(t, () => started.stop('SIGKILL'));
    return started;
  }

  /** One that is expected to end by itself. */
  function attempt(args: readonly string[], accept: readonly number[]): Promise<RunResult> {
    const env = { HOME: join(folder, 'nobody'), KUBECONFIG: undefined };
    return run('timeout', [String(PATIENCE), join(CHECKOUT, 'bin/varve'), 'controller', ...args], {
      accept,
      env,
    });
  }

  async function healthOf(process: VarveProcess): Promise<string> {
    return process.printed(/health (http:\S+?)[),]/);
  }

  async function get(url: string): Promise<readonly [status: number, text: string]> {
    const answer = await fetch(url);
    return [answer.status, await answer.text()];
  }

  async function names(plural: string): Promise<readonly string[]> {
    const { body } = await admin.get(`${MCO}/${plural}`);
    return (at(body, 'items') as unknown[]).map((item) => textAt(item, 'metadata.name'));
  }

  async function image(): Promise<string> {
    const { body } = await admin.get(`${MCO}/machineosconfigs/worker`);
    return textAt(body, 'status.currentImagePullSpec');
  }

  const label = (value: string | null): Promise<unknown> =>
    admin.merge(`${MCO}/machineconfigpools/worker`, { metadata: { labels: { [LAYERED]: value } } });

  /** Has controllers do all that they ever do, after a first image. */
  async function useAll(first: string): Promise<void> {
    // The times of objects are whole seconds: the newest rendered one stays.
    await pause(1100);
    const renderedOf = async (): Promise<string> => {
      const { body } = await admin.get(`${MCO}/machineconfigpools/worker`);
      return textAt(body, 'spec.configuration.name');
    };
    const old = await renderedOf();
    // Another configuration: what is there of the first one is not used any more, and cleared away.
    await admin.merge(`${MCO}/machineconfigs/50-worker`, machineConfig('50-worker', `after-${old}`));
    await until('another image is in force', async () => ![first, ''].includes(await image()));
    await until('one build is left', async () => (await names('machineosbuilds')).length === 1);
    await until('the old configuration is gone', async () => !(await names('machineconfigs')).includes(old));
    // What was rendered is put right.
    const rendered = `${MCO}/machineconfigs/${await renderedOf()}`;
    await admin.merge(rendered, { spec: { fips: true } });
    await until('it is as it was', async () => at((await admin.get(rendered)).body, 'spec.fips') === false);
    await admin.merge(`${MCO}/machineosconfigs/worker`, {
      metadata: { annotations: { [`${GROUP}/rebuild`]: '' } },
    });
    await until('the request to build once more is answered', async () => {
      const { body } = await admin.get(`${MCO}/machineosconfigs/worker`);
      return (at(body, 'metadata.annotations') as AnyObject)[`${GROUP}/rebuild`] === undefined;
    });
    await until('it is built', async () => (await image()) !== '');
    await label(null);
    await until(
      'the default is gone with the label',
      async () => (await names('machineosconfigs')).length === 0,
    );
    await until('and its builds', async () => (await names('machineosbuilds')).length === 0);
  }

  /** Has controllers do all that they do with nodes, one of which runs something else than its pool wants. */
  async function useNodes(): Promise<void> {
    const node = '/api/v1/nodes/n1';
    const pods = '/api/v1/namespaces/default/pods';
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    const make = async (path: string, object: AnyObject): Promise<void> => {
      const { status, text } = await admin.post(path, object);
      assert.equal(status, 201, text);
    };
    const annotationOf = async (key: string): Promise<string | undefined> => {
      const { body } = await admin.get(node);
      return (at(body, 'metadata.annotations') as Record<string, string> | undefined)?.[`${GROUP}/${key}`];
    };
    await make('/apis/operator.openshift.io/v1/machineconfigurations', {
      apiVersion: 'operator.openshift.io/v1',
      kind: 'MachineConfiguration',
      metadata: { name: 'cluster' },
      spec: { managementState: 'Managed' },
    });
    // What its budget does not let go is deleted when the time is over.
    await admin.merge(`${MCO}/machineconfigpools/worker`, {
      metadata: { annotations: { 'varve.dev/drain-policy': 'Force', 'varve.dev/drain-timeout': '3s' } },
    });
    await make('/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'n1',
        labels: { 'node-role.kubernetes.io/worker': '' },
        annotations: { [`${GROUP}/currentConfig`]: 'before', [`${GROUP}/state`]: 'Done' },
      },
    });
    // Nobody is drained for the sake of the only node.
    await make('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'other' } });
    const metadata = { name: 'web', labels: { app: 'web' } };
    await make(budgets, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { maxUnavailable: 0, selector: { matchLabels: { app: 'web' } } },
    });
    await make(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { nodeName: 'n1', containers: [{ name: 'web', image: 'example.com/web:1' }] },
    });
    await admin.merge(`${pods}/web/status`, {
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    });
    await until(
      'the node is told what to run',
      async () => (await annotationOf('desiredImage')) !== undefined,
    );
    const drain = `drain-${await annotationOf('desiredConfig')}`;
    await admin.merge(node, {
      metadata: { annotations: { [`${GROUP}/desiredDrain`]: drain, [`${GROUP}/state`]: 'Working' } },
    });
    await until('the pod was told to go', async () => {
      const { status, body } = await admin.get(`${pods}/web`);
      return status === 404 || at(body, 'metadata.deletionTimestamp') !== undefined;
    });
    await until('what held the drain is said', async () =>
      /"reason":"Drain/.test((await admin.get(`${MCO}/machineconfignodes/n1`)).text),
    );
    // There is no kubelet that would end the pod.
    for (const path of [`${pods}/web?gracePeriodSeconds=0`, `${budgets}/web`, node, '/api/v1/nodes/other'])
      await admin.delete(path);
    await admin.delete('/apis/operator.openshift.io/v1/machineconfigurations/cluster');
    await admin.merge(`${MCO}/machineconfigpools/worker`, {
      metadata: { annotations: { 'varve.dev/drain-policy': null, 'varve.dev/drain-timeout': null } },
    });
  }

  test('with the permissions of deploy/controller and no others, does all that controllers do', async (t) => {
    const process = start(t, '--keep-builds=0', '--keep-rendered=0');
    const health = await healthOf(process);
    await until('it is ready', async () => (await get(`${health}/readyz`))[0] === 200);
    await label('');
    await until('an image is in force', async () => (await image()) !== '');
    const first = await image();
    const [, metrics] = await get(`${health}/metrics`);
    for (const sample of [
      'varve_leader 1',
      'mco_mosc_count 1',
      'ocl_build_total{pool="worker",state="succeeded"} 1',
      'ocl_build_duration_seconds_count{state="succeeded"} 1',
      'varve_informer_synced{resource="nodes"} 1',
      'varve_reconciliations_total{controller="build",outcome="stalled"} 0',
    ]) {
      assert.ok(metrics.includes(`${sample}\n`), `${sample} is not in\n${metrics}`);
    }
    await useAll(first);
    const events = await admin.get('/api/v1/namespaces/default/events');
    assert.match(events.text, /"reason":"BuildCompleted"/);
    const { status, took } = await process.stop();
    assert.equal(status, 0);
    assert.ok(took < 60_000, `${took} ms`);
    // That somebody has changed what was rendered is all that there is to be worried about.
    assert.match(process.stderr, /warning: put right \(pool worker, /);
    assert.doesNotMatch(process.stderr.replace(/^.*warning: put right.*\n/m, ''), ALARM);
    assert.match(process.stderr, /^\S+Z stopping$/m);
  });

  test('needs every permission of deploy/controller', async () => {
    await admin.delete(`/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/varve-controller`);
    const client = new RecordingClient({ access: await loadKubeconfig([kubeconfig]) });
    const lines: string[] = [];
    const say = (message: string, fields?: object): void =>
      void lines.push(`${message} ${JSON.stringify(fields)}`);
    const settings: ControllerSettings = {
      ...DEFAULT_SETTINGS,
      namespace: NAMESPACE,
      imageMode: {
        pushRepository: `${registry.address}/varve/images`,
        pushSecret: 'registry',
        pullSecret: 'registry',
        everyPool: false,
      },
      retention: { delay: 200, period: 60_000 },
      keptBuilds: 0,
      keptRendered: 0,
    };
    const controllers = new Controllers({
      client,
      settings,
      cache: memoryCache(),
      log: { info: () => undefined, warn: say, error: say },
      identity: 'test',
      lease: QUICK_LEASE,
    });
    const stop = new AbortController();
    const running = controllers.run(stop.signal);
    try {
      await label('');
      await until('an image is in force', async () => (await image()) !== '');
      await useNodes();
      await useAll(await image());
    } finally {
      stop.abort();
      await running;
      await client.close();
    }
    // A repeated event is counted in the first one, and a person may wait long for one to repeat.
    client.used.add('patch  events');
    // One of an earlier Node of its name goes with that, nearly always before anybody looks.
    client.used.add(`delete ${GROUP} machineconfignodes`);
    for (const use of GRANTED_FOR_JOBS) client.used.add(use);
    const allowed = await grantedToController();
    // Reading is one permission of three verbs; what is for an owner's sake is not asked for by itself.
    const isSpecial = (use: string): boolean => /^(?:get|list|watch) |\/finalizers$/.test(use);
    const unused = [...allowed].filter((use) => !client.used.has(use) && !isSpecial(use));
    assert.deepEqual(unused, [], 'allowed, and never used');
    assert.deepEqual(
      [...client.used].filter((use) => !allowed.has(use)),
      [],
      'used, and not allowed',
    );
    assert.deepEqual(
      lines.filter((line) => /forbidden/.test(line)),
      [],
    );
  });

  test('a second one waits, and acts as soon as the first says goodbye', async (t) => {
    const first = start(t);
    await first.printed(/controllers started/);
    const second = start(t);
    await second.printed(/another process leads \(identity .+\)/);
    assert.equal((await get(`${await healthOf(second)}/readyz`))[0], 200);
    assert.match((await get(`${await healthOf(second)}/metrics`))[1], /^varve_leader 0$/m);
    await pause(500);
    assert.doesNotMatch(second.stderr, /controllers started/);
    assert.equal((await first.stop('SIGINT')).status, 0);
    await second.printed(/controllers started/);
    assert.equal((await second.stop()).status, 0);
    const { body } = await admin.get(
      `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/varve-controller`,
    );
    assert.equal(at(body, 'spec.holderIdentity') ?? '', '');
  });

  test('says that definitions are missing, and goes on when they are there', async (t) => {
    const name = `machineosbuilds.${GROUP}`;
    const { body } = await admin.get(`${DEFINITIONS}/${name}`);
    await admin.delete(`${DEFINITIONS}/${name}`);
    await until('the kind is gone', async () => (await admin.get(`${MCO}/machineosbuilds`)).status === 404);
    const process = start(t);
    const health = await healthOf(process);
    const said = await process.printed(/warning: (.*)/);
    assert.equal(
      said,
      'cannot follow the cluster: the API server does not serve machineosbuilds; create the CustomResourceDefinitions: kubectl apply -f deploy/crds',
    );
    const [status, text] = await get(`${health}/readyz`);
    assert.equal(status, 503);
    assert.match(text, /^- not all of these are known yet: machineosbuilds$/m);
    assert.match(text, /kubectl apply -f deploy\/crds$/m);
    assert.deepEqual(await get(`${health}/healthz`), [200, 'ok\n']);
    await pause(4000);
    assert.equal(process.stderr.match(/warning/g)?.length, 1, process.stderr);
    assert.doesNotMatch(process.stderr, /^ {4}at /m);
    const { metadata, spec, ...definition } = body as AnyObject;
    await admin.post(DEFINITIONS, {
      apiVersion: definition['apiVersion'],
      kind: definition['kind'],
      metadata: { name: at(metadata, 'name') },
      spec,
    });
    await process.printed(/the cluster is followed again/);
    assert.equal((await get(`${health}/readyz`))[0], 200);
    await process.stop();
  });

  test('says that permissions are missing', async (t) => {
    const config = join(folder, 'stranger');
    await writeFile(config, await lab.plane.kubeconfigFor('stranger', []));
    const process = start(t, `--kubeconfig=${config}`);
    const said = await process.printed(/warning: (.*)/);
    assert.match(
      said,
      /^cannot follow the cluster: the API server does not let this process have configmaps, controllerconfigs, .*secrets; give it the permissions in deploy\/controller\/rbac\.yaml: .* is forbidden: User "stranger" cannot/,
    );
    await pause(3000);
    assert.ok((process.stderr.match(/warning/g)?.length ?? 0) <= 2, process.stderr);
    assert.equal((await process.stop()).status, 0);
  });

  test('says that its namespace is missing', async (t) => {
    const config = join(folder, 'administrator');
    await writeFile(config, await readFile(lab.plane.kubeconfig));
    const process = start(t, `--kubeconfig=${config}`, '--namespace=nowhere');
    assert.equal(
      await process.printed(/warning: (.*)/),
      'cannot follow the cluster: there is no place for leases: namespaces "nowhere" not found; kubectl create namespace nowhere, or name another with --namespace',
    );
    await process.stop();
  });

  test('says that no API server is there, once, and ends when it is told to', async (t) => {
    const config = join(folder, 'away');
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    const text = await readFile(kubeconfig, 'utf8');
    await writeFile(config, text.replaceAll(lab.plane.url, `https://127.0.0.1:${port}`));
    const process = start(t, `--kubeconfig=${config}`);
    assert.equal(
      await process.printed(/warning: (.*)/),
      `cannot follow the cluster: the API server https://127.0.0.1:${port} cannot be reached, and is tried again: connect ECONNREFUSED 127.0.0.1:${port}`,
    );
    await pause(3000);
    assert.equal(process.stderr.match(/warning/g)?.length, 1, process.stderr);
    const { status, took } = await process.stop();
    assert.equal(status, 0);
    assert.ok(took < 60_000, `${took} ms`);
  });

  test('an API server that never answers does not keep it from ending', async (t) => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const config = join(folder, 'silent');
    const text = await readFile(kubeconfig, 'utf8');
    const { port } = silent.address() as AddressInfo;
    await writeFile(config, text.replaceAll(lab.plane.url, `https://127.0.0.1:${port}`));
    const process = start(t, `--kubeconfig=${config}`);
    await healthOf(process);
    await until('it has connected', () => sockets.size > 0);
    const { status, took } = await process.stop();
    assert.equal(status, 0, process.stderr);
    assert.ok(took < 60_000, `${took} ms`);
  });

  test('ends with its standard input where it was asked to', async (t) => {
    const process = start(t, '--end-with-stdin', '--no-leader-elect');
    await process.printed(/controllers started/);
    process.child.stdin.end();
    assert.equal(await process.ended, 0);
    assert.match(process.stderr, /stopping/);
  });

  test('its log is JSON where that is asked for', async (t) => {
    const process = start(t, '--log-format=json', '--health-address=127.0.0.1:0');
    await process.printed(/"msg":"controllers started"/);
    await process.stop();
    const lines = process.stderr.trimEnd().split('\n');
    for (const line of lines) {
      const { level, time, msg } = JSON.parse(line) as Record<string, string>;
      assert.match(`${level} ${time} ${msg}`, /^(?:info|warn|error) \d{4}-\d\d-\d\dT\S+Z \S/);
    }
  });

  test('a health address that is taken is said, and nothing runs', async (t) => {
    const first = start(t);
    const url = new URL(await healthOf(first));
    const second = start(t, `--health-address=${url.host}`);
    assert.equal(await second.ended, 1);
    assert.equal(
      second.stderr,
      `error: cannot serve health and metrics at ${url.host}: the port is taken; choose another with --health-address (port 0 takes any free one)\n`,
    );
    await first.stop();
  });

  test('what makes no sense is refused before anything is done', async () => {
    for (const [args, status, complaint] of [
      [
        [],
        1,
        /^error: cannot find a cluster: .*; name a kubeconfig, or start a control plane with varve up\n$/,
      ],
      [['--kubeconfig', '/nothing'], 1, /^error: cannot read \/nothing: no such file\n$/],
      [
        ['--push-secret', 'a'],
        1,
        /^error: cannot use --push-secret alone: name --push-repository HOST\/NAME as well\n$/,
      ],
      [
        ['--push-repository', 'example.com/a'],
        1,
        /^error: cannot use --push-repository alone: name --push-secret NAME/,
      ],
      [['--push-repository', 'localhost/a', '--push-secret', 'a'], 1, /the host needs a dot\n$/],
      [
        ['--push-repository', 'example.com/a:b', '--push-secret', 'a'],
        1,
        /it has a tag, and every pool gets one/,
      ],
      [['--push-repository', 'example.com:5000/a', '--push-secret', 'a'], 1, /^error: cannot find a cluster/],
      [['--every-pool'], 1, /^error: cannot use --every-pool without --push-repository/],
      [['--pull-secret', 'a'], 1, /^error: cannot use --pull-secret without --push-repository/],
      [['--ca', '/nothing'], 1, /^error: cannot read the CA file \/nothing of --ca: /],
      [['--keep-builds', '-1'], 2, /a whole number, 0 or more/],
      [['--registry-poll', '5'], 2, /a number with its unit, such as 30s, 5m or 1h/],
      [['--health-address', '8081'], 2, /an address and a port/],
      [['--arch', 'x86'], 2, /x86 is no architecture/],
      [['--log-format', 'xml'], 2, /Allowed choices are text, json/],
      [['extra'], 2, /too many arguments/],
    ] as const) {
      const { stdout, stderr } = await attempt(args, [status]);
      assert.equal(stdout, '', args.join(' '));
      assert.match(stderr, complaint, args.join(' '));
      assert.doesNotMatch(stderr, /defect/);
    }
    const { stdout } = await attempt(['--help'], [0]);
    assert.match(stdout, /^Usage: varve controller \[options\]\n/);
    assert.doesNotMatch(stdout, /end-with-stdin/);
    const documentation = await readFile(join(CHECKOUT, 'docs/controller.md'), 'utf8');
    for (const [flag] of stdout.matchAll(/--(?!help)[a-z-]+/g))
      assert.ok(documentation.includes(flag), `docs/controller.md does not say what ${flag} is`);
  });

  test('in a container of a pod without a service account, it is not in a cluster', async () => {
    const env = { HOME: folder, KUBECONFIG: undefined, KUBERNETES_SERVICE_HOST: '127.0.0.1' };
    const { stderr } = await run('timeout', [String(PATIENCE), join(CHECKOUT, 'bin/varve'), 'controller'], {
      accept: [1],
      env: { ...env, KUBERNETES_SERVICE_PORT: '9' },
    });
    assert.match(stderr, /^error: cannot find a cluster: /);
  });
});
