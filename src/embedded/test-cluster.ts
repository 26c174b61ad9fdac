import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textAt, type JsonObject } from '../schema/index.ts';
import {
  Authenticator,
  RbacPolicy,
  ServiceAccountTokens,
  authorizer,
  mastersGroup,
  openCredentials,
  storedRbac,
  user,
  type Credentials,
} from './access/index.ts';
import { builtInSchema } from './documents/index.ts';
import { builtInKinds, customKinds, type Kind } from './kinds/index.ts';
import { KindRegistry, KubernetesApi, SystemClient, Watch, type ApiEnvironment } from './rest/index.ts';
import { openStore, type HistoryOptions, type Store } from './store/index.ts';

/** What a request is answered with, its JSON read. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /** The JSON of the body; empty where it is none. */
  readonly body: JsonObject;
  readonly text: string;
}

/** What a request has besides its path. */
export interface TestRequest {
  /** JSON, unless it is text already. */
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  readonly agent?: string;
  /** The name of the user; an administrator, if absent. */
  readonly as?: string;
  readonly headers?: readonly string[];
}

/** Users that {@link TestRequest.as} can name, beside the administrator: what they may is up to the test's roles. */
const USERS = ['alice', 'system:node:n1'];

let keys: Promise<Credentials> | undefined;

/** Making keys takes longer than a test. */
function credentials(): Promise<Credentials> {
  keys ??= makeKeys();
  return keys;
}

async function makeKeys(): Promise<Credentials> {
  const directory = mkdtempSync(join(tmpdir(), 'keys-'));
  try {
    return await openCredentials(directory, Date.now());
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** An API on a store of its own, with a clock, uids and names that a test can foretell. */
export class TestCluster {
  readonly environment: ApiEnvironment;
  readonly api: KubernetesApi;
  readonly client: SystemClient;
  /** Milliseconds since 1970. */
  now: number = Date.UTC(2026, 0, 1);
  readonly #directory: string;
  readonly #close: () => void;
  #uids = 0;
  #randoms = 0;

  private constructor(directory: string, made: Credentials, history: HistoryOptions) {
    this.#directory = directory;
    const store = openStore({ directory, now: () => this.now, history });
    this.environment = {
      store,
      kinds: new KindRegistry(builtInKinds(builtInSchema)),
      now: () => this.now,
      uid: () => `00000000-0000-4000-8000-${String(++this.#uids).padStart(12, '0')}`,
      random: () => (++this.#randoms % 27) / 27,
    };
    this.client = new SystemClient(this.environment, 'test');
    const read = (
      apiVersion: string,
      kind: string,
      namespace: string,
      name: string,
    ): JsonObject | undefined => this.client.get(this.kind(apiVersion, kind), namespace, name);
    const tokens = new ServiceAccountTokens({ issuer: 'test', key: made.serviceAccountKey, read });
    const rbac = storedRbac(store);
    const policy = new RbacPolicy(rbac);
    this.api = new KubernetesApi({
      environment: this.environment,
      services: {
        authenticator: new Authenticator({
          authority: made.authority,
          serviceAccounts: tokens,
          staticTokens: [
            { token: 'admin', user: user('admin', { groups: [mastersGroup] }) },
            ...USERS.map((name) => ({
              token: name,
              user: user(name, { groups: name.startsWith('system:node:') ? ['system:nodes'] : [] }),
            })),
          ],
        }),
        authorize: authorizer(policy, read),
        policy,
        tokens,
        read,
      },
      facts: {
        address: '127.0.0.1:1',
        version: { gitVersion: 'v1.33.0' },
        issuer: { configuration: {}, keys: {} },
        metrics: () => '',
      },
    });
    this.#close = () => rbac.close();
  }

  /** With the namespaces `default` and `other`. */
  static async open(history: HistoryOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(mkdtempSync(join(tmpdir(), 'cluster-')), await credentials(), history);
    for (const name of ['default', 'other'])
      await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return cluster;
  }

  get store(): Store {
    return this.environment.store;
  }

  close(): void {
    this.#close();
    this.store.close();
    rmSync(this.#directory, { recursive: true });
  }

  kind(apiVersion: string, name: string): Kind {
    const kind = this.environment.kinds.findByKind(apiVersion, name);
    if (kind === undefined) throw new Error(`no kind ${apiVersion} ${name}`);
    return kind;
  }

  /** Serves what definitions define, and nothing else of that sort. */
  serve(...definitions: readonly JsonObject[]): void {
    this.environment.kinds.setCustom(definitions.flatMap(customKinds));
  }

  /** What the API answers; fails on a watch. */
  async call(method: string, target: string, request: TestRequest = {}): Promise<TestAnswer> {
    const answer = await this.#handle(method, target, request);
    if (answer instanceof Watch) throw new Error(`${target} is a watch`);
    const { body } = answer;
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : Buffer.concat(body);
    const text = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes);
    const isJson = answer.headers['content-type']?.startsWith('application/json') === true;
    return { ...answer, text, body: isJson ? (JSON.parse(text) as JsonObject) : {} };
  }

  /** A watch; fails on an answer. */
  async watch(target: string, request: TestRequest = {}): Promise<Watch> {
    const answer = await this.#handle('GET', target, request);
    if (answer instanceof Watch) return answer;
    throw new Error(`${target} is no watch: ${String(answer.status)} ${answer.body.toString()}`);
  }

  /** Creates or fails. */
  async create(object: JsonObject): Promise<JsonObject> {
    return this.#written((client, kind) => client.create(kind, object), object);
  }

  /** Changes a stored object, or its status, or fails. */
  async change(
    object: JsonObject,
    change: (next: JsonObject) => void,
    subresource = '',
  ): Promise<JsonObject> {
    return this.#written((client, kind) => {
      const old = client.get(kind, ...placeOf(object));
      if (old === undefined) throw new Error(`${placeOf(object).join('/')} is not there`);
      return client.update(kind, old, change, subresource);
    }, object);
  }

  /** The stored object, if it is there. */
  get(object: JsonObject): JsonObject | undefined {
    return this.client.get(this.#kindOf(object), ...placeOf(object));
  }

  #kindOf(object: JsonObject): Kind {
    return this.kind(textAt(object, 'apiVersion'), textAt(object, 'kind'));
  }

  #written(write: (client: SystemClient, kind: Kind) => JsonObject, object: JsonObject): Promise<JsonObject> {
    return this.store.transact(() => write(this.client, this.#kindOf(object)));
  }

  #handle(method: string, target: string, request: TestRequest): ReturnType<KubernetesApi['handle']> {
    const { body, type, accept, agent = 'test/1', as = 'admin', headers = [] } = request;
    const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    return this.api.handle({
      method,
      target,
      rawHeaders: [
        'authorization',
        `Bearer ${as}`,
        'user-agent',
        agent,
        ...(type === undefined ? [] : ['content-type', type]),
        ...(accept === undefined ? [] : ['accept', accept]),
        ...headers,
      ],
      body: body instanceof Uint8Array ? body : new TextEncoder().encode(bytes),
      certificate: undefined,
    });
  }
}

function placeOf(object: JsonObject): [namespace: string, name: string] {
  return [textAt(object, 'metadata', 'namespace'), textAt(object, 'metadata', 'name')];
}

/** A namespaced kind `Gadget` of `lab.example.com/v1`, with status and scale. */
export function gadgets(specSchema: JsonObject = {}): JsonObject {
  const spec: JsonObject = {
    type: 'object',
    properties: {
      size: { type: 'integer', default: 1, minimum: 0 },
      replicas: { type: 'integer' },
      note: { type: 'string' },
      anything: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
    ...specSchema,
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.lab.example.com' },
    spec: {
      group: 'lab.example.com',
      scope: 'Namespaced',
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec,
                status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          },
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
          },
          additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        },
      ],
    },
  };
}
