import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** A tree that scripts of builds work in, and commands in the place of a distribution's own. */
export class ScriptSandbox {
  readonly root: string;
  readonly #commands: string;

  constructor(t: TestContext, files: Readonly<Record<string, string>> = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'varve-script-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    this.root = join(folder, 'root');
    this.#commands = join(folder, 'bin');
    for (const path of [join(this.root, 'var'), this.#commands]) mkdirSync(path, { recursive: true });
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  /** Where scripts find their commands: those in the place of others first, then this machine's. */
  get path(): string {
    return `${this.#commands}:/usr/bin:/bin`;
  }

  write(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  read(path: string): string | undefined {
    const file = join(this.root, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  /** A command that is told in the log before it runs; `$root` is the tree. */
  command(name: string, script = ''): void {
    const file = join(this.#commands, name);
    const log = join(this.root, '..', 'log');
    writeFileSync(
      file,
      `#!/bin/sh\nset -eu\nroot='${this.root}'\necho "${name} $*" | sed "s,$root,,g" >>'${log}'\n${script}\n`,
    );
    chmodSync(file, 0o755);
  }

  /** What was run, but for mere questions. */
  log(): readonly string[] {
    const file = join(this.root, '..', 'log');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
    return lines.filter((line) => !/^(?:rpm -q|dnf --version)/.test(line));
  }

  run(script: string): { readonly status: number; readonly said: string } {
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script], {
      encoding: 'utf8',
      env: { PATH: '/nowhere' },
    });
    return { status: status ?? 128, said: stdout + stderr };
  }
}

/**
 * rpm with a database of its own, in `rpmdb`: one name a line. And what the package managers do with it: `install` and `remove`
 * are functions of a shell; a package whose name is in `unavailable` is not found.
 */
export const RPM_DATABASE = `db=$root/../rpmdb
touch "$db"
is_installed() { grep -qx "$1" "$db"; }
install() {
  for one in "$@"; do
    if [ -e "$root/../unavailable" ] && grep -qx "$one" "$root/../unavailable"; then echo "Error: Unable to find a match: $one" >&2; return 1; fi
    is_installed "$one" || echo "$one" >>"$db"
    case $one in
    kernel-rt-core) version=5.14.0-9.rt+rt ;;
    kernel-64k-core) version=5.14.0-9+64k ;;
    kernel-core) version=5.14.0-9 ;;
    *) continue ;;
    esac
    mkdir -p "$root/usr/lib/modules/$version" "$root/boot"
    echo "$one" >"$root/usr/lib/modules/$version/vmlinuz"
    echo "$one" >"$root/boot/vmlinuz-$version"
  done
}
remove() {
  for one in "$@"; do
    is_installed "$one" || { echo "No match for argument: $one" >&2; return 1; }
    sed -i "/^$one$/d" "$db"
    if [ "$one" = kernel-core ]; then rm -f "$root"/usr/lib/modules/5.14.0-1/vmlinuz; fi
  done
}
`;
