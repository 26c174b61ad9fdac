import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

const BINARY = '/usr/bin/docker-registry';
const MISSING = 'docker-registry is not installed: apt-get install docker-registry';

/** A real docker-registry process. */
export interface DockerRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Tells whether docker-registry is here; where it is not, skips the test, or throws in continuous integration. */
export function haveDockerRegistry(t: TestContext): boolean {
  if (existsSync(BINARY)) return true;
  if (process.env['CI']) throw new Error(MISSING);
  t.skip(MISSING);
  return false;
}

/**
 * Starts docker-registry on a free port of loopback, with its storage below `directory`; deletion is enabled.
 * `htpasswd` is the content of an htpasswd file (bcrypt lines) and turns on Basic authentication.
 */
export async function startDockerRegistry(options: {
  readonly directory: string;
  readonly htpasswd?: string;
}): Promise<DockerRegistry> {
  const { directory, htpasswd } = options;
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const lines = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    'storage:',
    `  filesystem: {rootdirectory: ${JSON.stringify(join(directory, 'storage'))}}`,
    '  delete: {enabled: true}',
    `http: {addr: ${JSON.stringify(address)}}`,
  ];
  if (htpasswd !== undefined) {
    const path = join(directory, 'htpasswd');
    await writeFile(path, htpasswd);
    lines.push(`auth: {htpasswd: {realm: test, path: ${JSON.stringify(path)}}}`);
  }
  const config = join(directory, 'config.yml');
  await writeFile(config, `${lines.join('\n')}\n`);
  const child = spawn(BINARY, ['serve', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin' },
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = `${log}${chunk.toString()}`.slice(-4000);
  });
  try {
    await listening(child, port, () => log);
  } catch (error) {
    await end(child);
    throw error;
  }
  return { address, close: () => end(child) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('cannot find a free port');
  return address.port;
}

async function listening(child: ChildProcess, port: number, log: () => string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`docker-registry ended: ${log()}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await pause(20);
  }
  throw new Error(`docker-registry does not listen: ${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
