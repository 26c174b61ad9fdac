import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

/** A package of Debian that a test makes up. */
export interface DebianPackage {
  readonly name: string;
  readonly version?: string;
  /** Default: that of the package manager of this machine. */
  readonly architecture?: string;
  /** Further members of its control file: `Depends`, `Conflicts`, `Provides`. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Path → text; below `usr/bin` and `usr/sbin` they may be run. */
  readonly files?: Readonly<Record<string, string>>;
  /** Name → text of scripts that dpkg runs: `postinst`. */
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Makes packages, and the index by which apt finds all that are in the folder. */
export async function makeDebianRepository(
  folder: string,
  packages: readonly DebianPackage[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const one of packages) await makePackage(folder, one);
  await indexPackages(folder);
}

async function makePackage(folder: string, made: DebianPackage): Promise<void> {
  const { name, version = '1', fields = {}, files = {}, scripts = {} } = made;
  const architecture = made.architecture ?? (await debianArchitecture());
  const tree = await mkdtemp(join(tmpdir(), 'varve-deb-'));
  try {
    const control = {
      Package: name,
      Version: version,
      Architecture: architecture,
      Maintainer: 'Varve laboratory <lab@varve.dev>',
      Description: 'made up for tests',
      ...fields,
    };
    await place(
      tree,
      'DEBIAN/control',
      Object.entries(control)
        .map((pair) => `${pair.join(': ')}\n`)
        .join(''),
      0o644,
    );
    for (const [script, text] of Object.entries(scripts)) await place(tree, `DEBIAN/${script}`, text, 0o755);
    for (const [path, text] of Object.entries(files)) {
      await place(tree, path, text, /^usr\/s?bin\//.test(path) ? 0o755 : 0o644);
    }
    await chmod(tree, 0o755);
    const file = join(folder, `${name}_${version}_${architecture}.deb`);
    await run('dpkg-deb', ['--root-owner-group', '-Znone', '--build', tree, file]);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/** As Debian calls that of this machine: `amd64`. */
export async function debianArchitecture(): Promise<string> {
  return (await run('dpkg', ['--print-architecture'])).stdout.trim();
}

/** Writes `Packages`, for a source `deb [trusted=yes] file:FOLDER ./`. */
async function indexPackages(folder: string): Promise<void> {
  const entries: string[] = [];
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.deb')).sort()) {
    const { stdout } = await run('dpkg-deb', ['--field', join(folder, name)]);
    const bytes = await readFile(join(folder, name));
    const digest = createHash('sha256').update(bytes).digest('hex');
    entries.push(`${stdout.trimEnd()}\nFilename: ./${name}\nSize: ${bytes.length}\nSHA256: ${digest}\n`);
  }
  await writeFile(join(folder, 'Packages'), entries.join('\n'));
}

async function place(tree: string, path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), text);
  await chmod(join(tree, path), mode);
}
