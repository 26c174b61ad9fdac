import { objectAt, textsAt, type JsonObject } from '../../schema/index.ts';
import { finalizersOf, isBeingDeleted, objectValue } from '../rest/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';

/** Deletions of one pass; a large namespace takes several, and others get their turn in between. */
const BATCH = 500;

/**
 * Gives each namespace its default ServiceAccount and the cluster's CA, and empties and removes namespaces that are being
 * deleted (kubernetes-api §10).
 */
export class NamespaceController implements Controller {
  readonly name = 'namespace';
  readonly #support: ControllerSupport;
  readonly #authority: string;
  readonly #pending = new Set<string>();

  /** @param authority PEM of the CA that clients inside a pod verify this server with */
  constructor(support: ControllerSupport, authority: string) {
    this.#support = support;
    this.#authority = authority;
  }

  wants(): boolean {
    return true;
  }

  begin(): void {
    for (const { name } of this.#support.environment.store.list('namespaces')) this.#pending.add(name);
  }

  observe({ type, object }: Change): void {
    if (object.storage === 'namespaces') this.#pending.add(object.name);
    // What goes may have been the last of its namespace; a default account that somebody deletes comes back.
    else if (type === 'deleted' && object.namespace !== '') this.#pending.add(object.namespace);
  }

  work(): number | undefined {
    let again: number | undefined;
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const name of pending) {
      if (this.#reconcile(name)) continue;
      this.#pending.add(name);
      again = 0;
    }
    return again;
  }

  /** @returns whether it is done */
  #reconcile(name: string): boolean {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Namespace');
    const namespace = kind === undefined ? undefined : client.get(kind, '', name);
    if (kind === undefined || namespace === undefined) return true;
    if (!isBeingDeleted(namespace)) {
      this.#furnish(name);
      return true;
    }
    const { deleted, left } = this.#empty(name);
    if (left === 0) {
      client.update(kind, namespace, releaseContents, 'finalize');
      return true;
    }
    // What finalizers hold is looked at again when it goes.
    return deleted === 0;
  }

  #furnish(name: string): void {
    const { environment, client } = this.#support;
    const accounts = environment.kinds.findByKind('v1', 'ServiceAccount');
    const configMaps = environment.kinds.findByKind('v1', 'ConfigMap');
    if (accounts !== undefined && client.get(accounts, name, 'default') === undefined) {
      client.create(accounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace: name },
      });
    }
    if (configMaps !== undefined && client.get(configMaps, name, 'kube-root-ca.crt') === undefined) {
      client.create(configMaps, rootAuthority(name, this.#authority));
    }
  }

  /** Deletes what is in a namespace. */
  #empty(name: string): { readonly deleted: number; readonly left: number } {
    const { environment, client } = this.#support;
    let deleted = 0;
    let left = 0;
    for (const kind of environment.kinds.all) {
      if (!kind.namespaced || kind.view !== undefined) continue;
      for (const stored of environment.store.list(kind.storage, { namespace: name, limit: BATCH })) {
        left++;
        const object = objectValue(kind, stored);
        if (isBeingDeleted(object) && finalizersOf(object).length > 0) continue;
        client.delete(kind, object, { gracePeriodSeconds: 0 });
        deleted++;
      }
    }
    return { deleted, left };
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
