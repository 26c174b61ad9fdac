import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Registry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly port: number;
  /** Ends the process and removes what it stored. */
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Where the registry makes a folder of its own for what it stores. Default: the temporary directory. */
  readonly parent?: string;
  /** The content of an htpasswd file (bcrypt lines), which turns on Basic authentication. */
  readonly htpasswd?: string | undefined;
}

/** A real docker-registry on a free loopback port, where deletion is allowed. */
export async function startRegistry({
  parent = tmpdir(),
  htpasswd,
}: RegistryOptions = {}): Promise<Registry> {
  const folder = await mkdtemp(join(parent, 'varve-registry-'));
  const passwords = join(folder, 'htpasswd');
  if (htpasswd !== undefined) await writeFile(passwords, htpasswd);
  const config = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0' },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: passwords } } }),
  };
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  const exited = once(child, 'exit');
  // A test process that ends without stopping it, by a failed hook or an exception, must not leave it running.
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  exited.catch(() => {});
  const port = await new Promise<number>((resolve, reject) => {
    let seen = '';
    child.on('error', reject);
    child.on('exit', (code) =>
      reject(new Error(`cannot start docker-registry: exit status ${code}\n${seen.slice(-2000)}`)),
    );
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (seen.length > 65_536) return;
      seen += text;
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(seen);
      if (found !== null) resolve(Number(found[1]));
    });
  });
  return {
    host: `127.0.0.1:${port}`,
    port,
    async stop() {
      process.off('exit', kill);
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
