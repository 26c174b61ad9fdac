import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseLayout } from './base.ts';
import type { BaseSize } from './base-recipe.ts';
import { type Registry, startRegistry } from './registry.ts';
import type { RunOptions } from './run.ts';
import { pushLayout } from './skopeo.ts';
import { buildImage } from './varve.ts';

export interface Laboratory {
  readonly registry: Registry;
  /** The base in the registry, by tag. */
  readonly base: string;
  readonly baseDigest: string;
  /** The base's OCI layout. */
  readonly layout: string;
  /** For anything a test writes; removed by `close`. */
  readonly folder: string;
  /** `varve build` of the pool `layered` into a repository of this registry; answers `HOST/repository@digest`. */
  build(files: readonly string[], repository: string, options?: RunOptions): Promise<string>;
  close(): Promise<void>;
}

/** A registry that holds a base, and a folder: what every system test of images starts from. */
export async function openLaboratory(size: BaseSize = 'small'): Promise<Laboratory> {
  const layout = await baseLayout(size);
  const folder = await mkdtemp(join(tmpdir(), 'varve-lab-'));
  let registry: Registry | undefined;
  const close = async (): Promise<void> => {
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    registry = await startRegistry({ parent: folder });
    const base = `${registry.host}/base/os:1`;
    return laboratory({ registry, base, baseDigest: await pushLayout(layout, base), layout, folder, close });
  } catch (error) {
    // Nobody else can stop it, and the test process lives as long as its registry does.
    await close();
    throw error;
  }
}

function laboratory(parts: Omit<Laboratory, 'build'>): Laboratory {
  const { registry, base, folder } = parts;
  const home = { HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') };
  return {
    ...parts,
    async build(files, repository, options = {}) {
      const push = `${registry.host}/${repository}`;
      const wanted = { pool: 'layered', files, base, push: `${push}:1` };
      const digest = await buildImage(wanted, { ...options, env: { ...home, ...options.env } });
      return `${push}@${digest}`;
    },
  };
}
