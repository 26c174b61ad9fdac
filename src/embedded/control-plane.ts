import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCustomResourceDefinitions } from '../api/index.ts';
import { copyJson, textAt, type JsonObject } from '../schema/index.ts';
import {
  Authenticator,
  RbacPolicy,
  ServiceAccountTokens,
  authorizer,
  bootstrapPolicy,
  keySetDocument,
  kubeconfig,
  mastersGroup,
  openCredentials,
  openIdConfiguration,
  storedRbac,
  type Credentials,
  type StaticToken,
} from './access/index.ts';
import {
  ControllerRunner,
  DefinitionController,
  DisruptionController,
  ExpiryController,
  GarbageCollector,
  NamespaceController,
  NodeController,
  NodeLifecycleController,
  type Controller,
  type ControllerSupport,
} from './controllers/index.ts';
import { builtInSchema } from './documents/index.ts';
import { writeDurably } from './durable-file.ts';
import { EmbeddedError } from './embedded-error.ts';
import { builtInKinds, type Kind } from './kinds/index.ts';
import { applyMergePatch } from './patch/index.ts';
import { KindRegistry, KubernetesApi, SystemClient, type ApiEnvironment } from './rest/index.ts';
import { StatusError, noSuchResource } from './status/index.ts';
import { startApiServer, type ApiServer, type ServerLimits } from './server/index.ts';
import { openStore, type HistoryOptions, type Store } from './store/index.ts';

export interface ControlPlaneOptions {
  /** Where everything is kept; made if it is missing. One process at a time has it. */
  readonly directory: string;
  /** Of the API server; any free one, if absent. */
  readonly port?: number;
  /** Tokens that mean a user while the server runs. */
  readonly staticTokens?: readonly StaticToken[];
  /**
   * What a cluster would have; asked for once the directory is this process's own. `authority` is the certificate, in PEM,
   * that the API server is known by.
   */
  readonly furnish?: (authority: string) => Promise<Furniture>;
  /** How much of the past watches can begin at; see the store's. */
  readonly history?: HistoryOptions;
  /** How much to bear with clients; the default suits one machine. */
  readonly limits?: Partial<ServerLimits>;
  /** Told of what should not happen but is no reason to stop. */
  readonly report?: (message: string) => void;
}

/** Objects that a control plane has from its start. */
export interface Furniture {
  /** Created where they are missing. */
  readonly objects: readonly JsonObject[];
  /** Merge patches of objects that are there: what follows this start's options and not the last one's. */
  readonly settings: readonly JsonObject[];
}

/** An embedded control plane: a Kubernetes API on this machine's loopback, without a cluster behind it. */
export interface ControlPlane {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** A kubeconfig of an administrator. */
  readonly kubeconfig: string;
  /** The text of a kubeconfig for any user: `commonName` is the name, `organizations` are the groups. */
  kubeconfigFor(commonName: string, organizations: readonly string[]): Promise<string>;
  /** Stops; what was written stays. */
  close(): Promise<void>;
}

/** Namespaces that every cluster has. */
const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** What `/version` says: the Kubernetes whose API this is, and that it is not that. */
const VERSION = {
  major: '1',
  minor: '33',
  gitVersion: 'v1.33.0+varve',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

/**
 * Starts the control plane of a directory; what an earlier one left there is all there.
 *
 * @throws StoreError `in-use`, `corrupt`, `newer`, … of the database
 * @throws EmbeddedError `cannot-start` if the port is taken, keys are unreadable or the kubeconfig cannot be written
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { directory, report = () => {} } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const store = openStore({
    directory: join(directory, 'objects'),
    ...(options.history === undefined ? {} : { history: options.history }),
  });
  try {
    const credentials = await openCredentials(join(directory, 'keys'), Date.now());
    return await start(options, store, credentials, report);
  } catch (error) {
    store.close();
    throw error;
  }
}

async function start(
  options: ControlPlaneOptions,
  store: Store,
  credentials: Credentials,
  report: (message: string) => void,
): Promise<ControlPlane> {
  const environment: ApiEnvironment = {
    store,
    kinds: new KindRegistry(builtInKinds(builtInSchema)),
    now: Date.now,
    uid: randomUUID,
    random: Math.random,
  };
  const definitions = new DefinitionController(support(environment, report, 'kube-apiserver'));
  const furniture = await options.furnish?.(credentials.authority);
  await furnish(environment, definitions, furniture ?? { objects: [], settings: [] }, report);
  const serving = await credentials.server(Date.now());
  const rbac = storedRbac(store);
  const api = makeApi(environment, credentials, rbac, options.staticTokens ?? [], report);
  const server = await startApiServer({
    handler: { handle: (call) => api.current.handle(call) },
    store,
    tls: { key: serving.privateKey, cert: serving.certificate, clientCa: credentials.authority },
    report,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  api.serveAt(server);
  const renewals = renewCertificate(server, credentials, report);
  const runners = controllers(support(environment, report), definitions, credentials.authority).map(
    (controller) => new ControllerRunner(controller, store, report),
  );
  const close = async (): Promise<void> => {
    clearInterval(renewals);
    await server.close();
    for (const runner of runners) await runner.stop();
    rbac.close();
    store.close();
  };
  const kubeconfigFor = async (commonName: string, organizations: readonly string[]): Promise<string> =>
    kubeconfig({
      server: server.url,
      authority: credentials.authority,
      user: {
        name: commonName,
        credential: await credentials.client(Date.now(), { commonName, organizations }),
      },
      context: 'varve',
    });
  try {
    const path = await writeKubeconfig(
      options.directory,
      await kubeconfigFor('kubernetes-admin', [mastersGroup]),
    );
    return { url: server.url, kubeconfig: path, kubeconfigFor, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws EmbeddedError `cannot-start` */
async function writeKubeconfig(directory: string, text: string): Promise<string> {
  const path = join(directory, 'kubeconfig');
  try {
    await writeDurably(path, Buffer.from(text), directory, 0o600);
    return path;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EmbeddedError(
      'cannot-start',
      `cannot write ${path}: ${why}; make room or mend that and start again`,
      {
        cause,
      },
    );
  }
}

/** Certificates end while a server runs for months: it looks at its own every day. */
function renewCertificate(
  server: ApiServer,
  credentials: Credentials,
  report: (message: string) => void,
): NodeJS.Timeout {
  const renew = async (): Promise<void> => {
    try {
      const { privateKey, certificate } = await credentials.server(Date.now());
      server.renew({ key: privateKey, cert: certificate });
    } catch (error) {
      report(`the server's certificate cannot be renewed: ${String(error)}`);
    }
  };
  const timer = setInterval(() => void renew(), RENEWAL_INTERVAL);
  timer.unref();
  return timer;
}

/** Milliseconds. */
const RENEWAL_INTERVAL = 86_400_000;

function support(
  environment: ApiEnvironment,
  report: (message: string) => void,
  manager = 'kube-controller-manager',
): ControllerSupport {
  return { environment, client: new SystemClient(environment, manager), report };
}

function controllers(common: ControllerSupport, definitions: Controller, authority: string): Controller[] {
  return [
    definitions,
    new NamespaceController(common, authority),
    new GarbageCollector(common),
    new DisruptionController(common),
    new NodeController(common),
    new NodeLifecycleController(common),
    new ExpiryController(common),
  ];
}

/** Creates what is missing of the objects that a cluster has, and serves the kinds that definitions define. */
async function furnish(
  environment: ApiEnvironment,
  definitions: Controller,
  { objects, settings }: Furniture,
  report: (message: string) => void,
): Promise<void> {
  const { store } = environment;
  const client = new SystemClient(environment, 'varve');
  // Objects that every API server makes belong to it.
  const server = new SystemClient(environment, 'kube-apiserver');
  const own = await loadCustomResourceDefinitions();
  await store.transact(() => {
    for (const name of NAMESPACES)
      ensure(environment, server, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    for (const object of bootstrapPolicy()) ensure(environment, server, object);
    for (const definition of own) {
      ensure(environment, client, definition as unknown as JsonObject);
      // What an earlier version of Varve knew of its kinds is not what this one works with.
      renew(environment, client, definition as unknown as JsonObject);
    }
  });
  definitions.begin();
  await store.transact(() => definitions.work());
  await store.transact(() => {
    for (const object of objects) attempt(object, report, () => ensure(environment, client, object));
    for (const patch of settings) attempt(patch, report, () => change(environment, client, patch));
  });
}

/**
 * What a person did to a cluster may keep an object from being made (its namespace is being deleted, say): that is no reason
 * not to start, for without a server nobody could set it right.
 */
function attempt(object: JsonObject, report: (message: string) => void, make: () => void): void {
  try {
    make();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    report(
      `${textAt(object, 'kind')} ${textAt(object, 'metadata', 'name')} cannot be made: ${error.message}`,
    );
  }
}

/** Gives an object that is there this specification. */
function renew(environment: ApiEnvironment, client: SystemClient, object: JsonObject): void {
  const { kind, found } = look(environment, client, object);
  if (found !== undefined) {
    client.update(kind, found, (next) => void (next['spec'] = copyJson(object['spec'] ?? {})));
  }
}

/** Creates an object unless it is there; one that a person changed stays as it is. */
function ensure(environment: ApiEnvironment, client: SystemClient, object: JsonObject): void {
  const { kind, found } = look(environment, client, object);
  if (found === undefined) client.create(kind, object);
}

/** Merges a patch into the object that it names, if that is there. */
function change(environment: ApiEnvironment, client: SystemClient, patch: JsonObject): void {
  const { kind, found } = look(environment, client, patch);
  if (found !== undefined) {
    client.update(kind, found, (next) => void Object.assign(next, applyMergePatch(next, patch)));
  }
}

/** The stored object of this name. @throws StatusError 404 where its kind is not served */
function look(
  environment: ApiEnvironment,
  client: SystemClient,
  object: JsonObject,
): { readonly kind: Kind; readonly found: JsonObject | undefined } {
  const kind = environment.kinds.findByKind(textAt(object, 'apiVersion'), textAt(object, 'kind'));
  if (kind === undefined) throw noSuchResource();
  const namespace = textAt(object, 'metadata', 'namespace');
  return { kind, found: client.get(kind, namespace, textAt(object, 'metadata', 'name')) };
}

interface LateApi {
  readonly current: KubernetesApi;
  /** Discovery names the address, which is known when the server listens. */
  serveAt(server: ApiServer): void;
}

function makeApi(
  environment: ApiEnvironment,
  credentials: Credentials,
  rbac: ReturnType<typeof storedRbac>,
  staticTokens: readonly StaticToken[],
  report: (message: string) => void,
): LateApi {
  const client = new SystemClient(environment, 'varve');
  const read = (
    apiVersion: string,
    kindName: string,
    namespace: string,
    name: string,
  ): JsonObject | undefined => {
    const kind = environment.kinds.findByKind(apiVersion, kindName);
    return kind === undefined ? undefined : client.get(kind, namespace, name);
  };
  const tokens = new ServiceAccountTokens({ issuer: ISSUER, key: credentials.serviceAccountKey, read });
  const authenticator = new Authenticator({
    authority: credentials.authority,
    serviceAccounts: tokens,
    staticTokens,
  });
  const policy = new RbacPolicy(rbac);
  const services = { authenticator, authorize: authorizer(policy, read), policy, tokens, read };
  const make = (url: string): KubernetesApi =>
    new KubernetesApi({
      environment,
      services,
      report,
      facts: {
        address: url.replace('https://', ''),
        version: VERSION,
        issuer: {
          configuration: openIdConfiguration(ISSUER, url),
          keys: keySetDocument(credentials.serviceAccountKey),
        },
        metrics: () => metricsText(environment),
      },
    });
  let current = make('https://127.0.0.1');
  return {
    get current() {
      return current;
    },
    serveAt: ({ url }) => {
      current = make(url);
    },
  };
}

/** The few numbers that tell how the control plane is. */
function metricsText({ store, kinds }: ApiEnvironment): string {
  const counts = kinds.all
    .filter((kind) => kind.view === undefined)
    .map(
      (kind) =>
        `apiserver_storage_objects{resource=${JSON.stringify(kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`)}} ${store.count(kind.storage)}\n`,
    );
  return [
    '# HELP apiserver_storage_objects Number of stored objects at the time of last check split by kind.\n',
    '# TYPE apiserver_storage_objects gauge\n',
    ...counts,
    '# HELP varve_store_revision The newest resourceVersion.\n',
    '# TYPE varve_store_revision counter\n',
    `varve_store_revision ${store.revision}\n`,
    '# HELP process_resident_memory_bytes Resident memory size in bytes.\n',
    '# TYPE process_resident_memory_bytes gauge\n',
    `process_resident_memory_bytes ${process.memoryUsage.rss()}\n`,
  ].join('');
}
