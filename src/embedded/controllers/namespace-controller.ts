import { formatTime, objectAt, textAt, textsAt, type JsonObject } from '../../schema/index.ts';
import { isBeingDeleted } from '../rest/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';
import { putContentConditions } from './namespace-conditions.ts';
import { emptyNamespace } from './namespace-contents.ts';
import { WorkQueue } from './work-queue.ts';

const NAMESPACES = 'namespaces';

/** Most namespaces are gone sooner: what they wait for is not told before. Milliseconds. */
const QUIET_TIME = 5000;

/** What every namespace has, by where it is stored. */
const FURNITURE: Readonly<Record<string, string>> = {
  serviceaccounts: 'default',
  configmaps: 'kube-root-ca.crt',
};

/**
 * Gives each namespace its default ServiceAccount and the cluster's CA, and empties and removes namespaces that are being
 * deleted (kubernetes-api §10).
 */
export class NamespaceController implements Controller {
  readonly name = 'namespace';
  readonly #support: ControllerSupport;
  readonly #authority: string;
  readonly #queue: WorkQueue;
  /** Those that are being deleted. */
  readonly #ending = new Set<string>();

  /** @param authority PEM of the CA that clients inside a pod verify this server with */
  constructor(support: ControllerSupport, authority: string) {
    this.#support = support;
    this.#authority = authority;
    this.#queue = new WorkQueue(this.name, support.report);
  }

  wants(storage: string): boolean {
    return storage === NAMESPACES || Object.hasOwn(FURNITURE, storage) || this.#ending.size > 0;
  }

  begin(): void {
    for (const { name } of this.#support.environment.store.list(NAMESPACES)) this.#queue.add(name);
  }

  observe({ type, object }: Change): void {
    const { storage, namespace, name } = object;
    if (storage === NAMESPACES) this.#queue.add(name);
    // What goes may have been the last of its namespace; a default account that somebody deletes comes back.
    else if (FURNITURE[storage] === name || (type === 'deleted' && this.#ending.has(namespace)))
      this.#queue.add(namespace);
  }

  work(): number | undefined {
    return this.#queue.work(this.#support.environment.now(), (name) => this.#look(name));
  }

  #look(name: string): number | undefined {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Namespace');
    const namespace = kind === undefined ? undefined : client.get(kind, '', name);
    if (kind === undefined || namespace === undefined) {
      this.#ending.delete(name);
      return undefined;
    }
    if (!isBeingDeleted(namespace)) {
      this.#furnish(name);
      return undefined;
    }
    this.#ending.add(name);
    const contents = emptyNamespace(this.#support, name);
    if (contents.hasMore) return 0;
    if (contents.remaining.size === 0) {
      client.update(kind, namespace, releaseContents, 'finalize');
      return undefined;
    }
    // What is left is looked at again when it goes. If that takes a while, somebody may want to know why.
    const now = environment.now();
    const since = Date.parse(textAt(namespace, 'metadata', 'deletionTimestamp'));
    if (now < since + QUIET_TIME) return since + QUIET_TIME - now;
    client.update(kind, namespace, (next) => putContentConditions(next, contents, formatTime(now)), 'status');
    return undefined;
  }

  #furnish(namespace: string): void {
    const { environment, client } = this.#support;
    const accounts = environment.kinds.findByKind('v1', 'ServiceAccount');
    const configMaps = environment.kinds.findByKind('v1', 'ConfigMap');
    if (accounts !== undefined && client.get(accounts, namespace, 'default') === undefined) {
      const metadata = { name: 'default', namespace };
      client.create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    }
    if (configMaps === undefined) return;
    const wanted = rootAuthority(namespace, this.#authority);
    const found = client.get(configMaps, namespace, 'kube-root-ca.crt');
    if (found === undefined) client.create(configMaps, wanted);
    else client.update(configMaps, found, (next) => void (next['data'] = wanted['data'] ?? {}));
  }
}

/** Nothing is in the namespace any more. What others put among its finalizers goes when they say so. */
function releaseContents(namespace: JsonObject): void {
  const finalizers = textsAt(namespace, 'spec', 'finalizers').filter(
    (finalizer) => finalizer !== 'kubernetes',
  );
  namespace['spec'] = { ...objectAt(namespace, 'spec'), finalizers };
}

function rootAuthority(namespace: string, authority: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'kube-root-ca.crt',
      namespace,
      annotations: {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      },
    },
    data: { 'ca.crt': authority },
  };
}
