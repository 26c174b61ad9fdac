import { copyObject, type JsonObject } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import { createObject } from './create-object.ts';
import { deleteObject } from './delete-object.ts';
import type { DeleteOptions } from './delete-options.ts';
import { readObject } from './object-store.ts';
import { objectValue } from './presentation.ts';
import { namespaceOf } from './object-metadata.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { decodeObject } from './object-checks.ts';
import type { WriteOptions } from './request-options.ts';
import { updateObject } from './update-object.ts';

/** Deletes at once what has no finalizers, and its dependants with it. */
const PLAIN_DELETE: DeleteOptions = {
  dryRun: false,
  propagation: 'Background',
  gracePeriodSeconds: undefined,
  uid: undefined,
  resourceVersion: undefined,
};

/**
 * Reads and writes objects as a part of the control plane does: by the rules of every write, but without a request's
 * identity. Writes work inside a transaction of the store only.
 */
export class SystemClient {
  readonly #environment: ApiEnvironment;
  readonly #options: WriteOptions;

  /** @param manager the name in managedFields, for example `kube-controller-manager` */
  constructor(environment: ApiEnvironment, manager: string) {
    this.#environment = environment;
    this.#options = { dryRun: false, fieldManager: manager, fieldValidation: 'Ignore' };
  }

  get(kind: Kind, namespace: string, name: string): JsonObject | undefined {
    return readObject(this.#environment, kind, namespace, name);
  }

  /** All objects of a kind, or those of a namespace. */
  list(kind: Kind, namespace?: string): JsonObject[] {
    const options = namespace === undefined || !kind.namespaced ? {} : { namespace };
    return this.#environment.store.list(kind.storage, options).map((stored) => objectValue(kind, stored));
  }

  /** @throws StatusError */
  create(kind: Kind, object: JsonObject): JsonObject {
    const next = copyObject(object);
    decodeObject(kind, next);
    return createObject(this.#environment, {
      kind,
      namespace: namespaceOf(object),
      object: next,
      options: this.#options,
      warnings: [],
      admit: () => {},
    });
  }

  /**
   * Changes an object by a function on a copy of it; nothing is written where nothing changes.
   *
   * @param subresource '' or `status`
   * @throws StatusError
   */
  update(kind: Kind, old: JsonObject, change: (object: JsonObject) => void, subresource = ''): JsonObject {
    const next = copyObject(old);
    change(next);
    decodeObject(kind, next);
    return updateObject(this.#environment, {
      kind,
      old,
      next,
      subresource,
      options: this.#options,
      warnings: [],
      isReplacement: false,
      admit: () => {},
    }).object;
  }

  delete(kind: Kind, object: JsonObject, options: Partial<DeleteOptions> = {}): void {
    deleteObject(this.#environment, kind, copyObject(object), { ...PLAIN_DELETE, ...options }, []);
  }
}
