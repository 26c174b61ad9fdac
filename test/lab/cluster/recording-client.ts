import {
  KubeClient,
  type CallOptions,
  type DeleteOptions,
  type KubeObject,
  type ListOptions,
  type ListPage,
  type ObjectKey,
  type Patch,
  type ResourceType,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from '../../../src/kube/index.ts';

/** A client that notes what it is used for, as RBAC has it: `patch machineconfiguration.openshift.io machineosconfigs/status`. */
export class RecordingClient extends KubeClient {
  readonly used = new Set<string>();

  override get<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<T> {
    this.#note('get', type);
    return super.get(type, key, options);
  }

  override list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<ListPage<T>> {
    this.#note('list', type);
    return super.list(type, options);
  }

  override watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, void> {
    this.#note('watch', type);
    return super.watch(type, options);
  }

  override create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T> {
    this.#note('create', type, options?.subresource);
    return super.create(type, object, options);
  }

  override update<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T> {
    this.#note('update', type, options?.subresource);
    return super.update(type, object, options);
  }

  override patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T> {
    this.#note('patch', type, options?.subresource);
    // What is applied may have to be made.
    if (patch.type === 'apply') this.#note('create', type, options?.subresource);
    return super.patch(type, key, patch, options);
  }

  override delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<void> {
    this.#note('delete', type);
    return super.delete(type, key, options);
  }

  override evict(pods: ResourceType, key: ObjectKey, options?: DeleteOptions): Promise<void> {
    this.#note('create', pods, 'eviction');
    return super.evict(pods, key, options);
  }

  #note(verb: string, { group, plural }: ResourceType, subresource?: string): void {
    this.used.add(`${verb} ${group} ${plural}${subresource === undefined ? '' : `/${subresource}`}`);
  }
}
