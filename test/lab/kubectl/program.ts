import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheRoot } from '../cache.ts';

/** A kubectl that is installed here. */
export interface KubectlProgram {
  readonly path: string;
  /** `1.20` */
  readonly version: string;
  /** 20 */
  readonly minor: number;
}

/** What stands for Debian's where another package has its place; `test/run` unpacks it there. */
const UNPACKED = 'kubernetes-client/usr/bin/kubectl';

/**
 * One kubectl of each minor version: what `VARVE_TEST_KUBECTL` names (paths, separated as in PATH), and whatever on PATH is
 * called `kubectl` or `kubectl.…`. Oldest first.
 */
export function findKubectls(): readonly KubectlProgram[] {
  const named = (process.env['VARVE_TEST_KUBECTL'] ?? '').split(delimiter).filter((path) => path !== '');
  const found = new Map<number, KubectlProgram>();
  const seen = new Set<string>();
  for (const path of [...named, join(cacheRoot(), UNPACKED), ...onPath()]) {
    if (!isExecutable(path)) continue;
    const real = realpathSync(path);
    if (seen.has(real)) continue;
    seen.add(real);
    const program = askVersion(path);
    if (program !== undefined && !found.has(program.minor)) found.set(program.minor, program);
  }
  return [...found.values()].sort((a, b) => a.minor - b.minor);
}

function onPath(): string[] {
  const folders = new Set((process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''));
  // Beside a kubectl that is a link there may be those of other versions.
  for (const folder of folders) {
    const path = join(folder, 'kubectl');
    if (isExecutable(path)) folders.add(join(realpathSync(path), '..'));
  }
  return [...folders].flatMap((folder) =>
    namesIn(folder)
      .filter((name) => /^kubectl([.-]v?\d[\d.]*)?$/.test(name))
      .map((name) => join(folder, name)),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Undefined for what is no kubectl itself, such as one that chooses another by the server's version. */
function askVersion(path: string): KubectlProgram | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const output = execFileSync(path, ['version', '--client', '--output=json'], {
      encoding: 'utf8',
      stdio: [...stdio],
    });
    const { gitVersion } = (JSON.parse(output) as { clientVersion: { gitVersion: string } }).clientVersion;
    const minor = /^v1\.(\d+)\.\d+/.exec(gitVersion)?.[1];
    if (minor === undefined || gitVersion.includes('dispatcher')) return undefined;
    return { path, version: `1.${minor}`, minor: Number(minor) };
  } catch {
    return undefined;
  }
}
