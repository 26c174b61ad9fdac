import type { PoolRegistry, RegistryAccess } from '../osbuild/index.ts';

/** The use of a registry client that others may use as well; it has to be given back. */
export interface RegistryLease {
  readonly registry: PoolRegistry;
  /** Further calls do nothing. */
  release(this: void): void;
}

interface Shared {
  readonly registry: PoolRegistry;
  users: number;
}

/** Registry clients, one for each distinct access, closed when nobody uses them any more. */
export class PoolRegistries {
  readonly #open: (access: RegistryAccess) => PoolRegistry;
  readonly #shared = new Map<string, Shared>();

  constructor(open: (access: RegistryAccess) => PoolRegistry) {
    this.#open = open;
  }

  /** @param key the same for the same access, and for no other */
  lease(key: string, access: RegistryAccess): RegistryLease {
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = { registry: this.#open(access), users: 0 };
      this.#shared.set(key, shared);
    }
    const { registry } = shared;
    const used = shared;
    used.users += 1;
    let isReleased = false;
    return {
      registry,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        used.users -= 1;
        if (used.users > 0) return;
        this.#shared.delete(key);
        registry.close();
      },
    };
  }

  /** How many clients are open. */
  get size(): number {
    return this.#shared.size;
  }
}
