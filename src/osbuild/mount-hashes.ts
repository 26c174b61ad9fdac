import { hash } from 'node:crypto';
import { compareText } from '../ignition/index.ts';
import type { BuildMount } from './build-inputs.ts';
import { slowHash } from './slow-hash.ts';

const PURPOSE = 'varve: content of a mount of a container build';

/** For each mount of a build, by its path: what tells its content from any other, and nothing of it (architecture D3). */
export function mountHashes(mounts: readonly BuildMount[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    mounts.map(({ path, files }) => {
      const described = [...files]
        .map(([name, bytes]) => `${hash('sha256', bytes, 'hex')} ${name}`)
        .sort(compareText);
      return [path, slowHash(described.join('\n'), PURPOSE)];
    }),
  );
}
