import { MACHINE_CONFIGS, NODES, OS_BUILDS, OS_CONFIGS, POOLS } from '../../../src/controllers/resources.ts';
import {
  KubeClient,
  type KubeClientOptions,
  type KubeObject,
  type ListOptions,
  type ListPage,
  type ResourceType,
  type WatchEvent,
  type WatchOptions,
} from '../../../src/kube/index.ts';
import { isOwn } from './own-objects.ts';

const SCOPED: ReadonlySet<string> = new Set(
  [POOLS, OS_CONFIGS, OS_BUILDS, MACHINE_CONFIGS, NODES].map(({ plural }) => plural),
);

/** A client that sees of pools, and of what there is for them, only what is of one test. */
export class ScopedClient extends KubeClient {
  readonly #test: string;

  constructor(test: string, options: KubeClientOptions) {
    super(options);
    this.#test = test;
  }

  override async list<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions = {},
  ): Promise<ListPage<T>> {
    const page = await super.list(type, options);
    return { ...page, items: page.items.filter((object) => this.#sees(type, object)) };
  }

  override async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, void> {
    for await (const event of super.watch(type, options)) {
      if (event.type === 'BOOKMARK' || this.#sees(type, event.object)) yield event;
    }
  }

  #sees(type: ResourceType, object: KubeObject): boolean {
    return !SCOPED.has(type.plural) || isOwn(this.#test, object);
  }
}
