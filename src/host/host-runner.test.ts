import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostCommand, OutputLine } from './host-command.ts';
import { HostError } from './host-error.ts';
import { hostOfProcess, hostAtRoot, thisHost } from './host-runner.ts';

const OWN = {
  PATH: process.env['PATH'],
  container: 'oci',
  KUBERNETES_SERVICE_HOST: 'x',
  https_proxy: 'http://p:1',
};
const host = thisHost(OWN);

function sh(script: string, more: Partial<HostCommand> = {}): HostCommand {
  return { tool: 'sh', args: ['-c', script], deadline: 60_000, ...more };
}

async function refusal(promise: Promise<unknown>): Promise<HostError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof HostError, String(error));
  return error;
}

/** Whether a process runs; a zombie does not. */
async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !/\) Z /.test(stat);
}

/** Waits until a process is gone: a killed one takes a moment to die. */
async function gone(pid: number): Promise<void> {
  for (let tries = 0; await runs(pid); tries++) {
    assert.ok(tries < 6000, `process ${pid} still runs`);
    await sleep(10);
  }
}

test('run() answers with status, output and errors, and a failed command is an answer', async () => {
  const { status, signal, stdout, stderr } = await host.run(sh('echo out; echo err >&2; exit 3'));
  assert.deepEqual(
    { status, signal, stdout, stderr },
    { status: 3, signal: undefined, stdout: 'out\n', stderr: 'err\n' },
  );
});

test('run() gives a command nothing of a pod but the proxies, and no terminal', async () => {
  const { stdout } = await host.run(sh('env; tty', { env: { MORE: 'yes' } }));
  const lines = stdout.split('\n').filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line));
  assert.deepEqual(lines.sort(), [
    '',
    'HOME=/root',
    'LC_ALL=C',
    'MORE=yes',
    `PATH=${OWN.PATH}`,
    'RPMOSTREE_CLIENT_ID=varve',
    'https_proxy=http://p:1',
    'not a tty',
  ]);
});

test('run() hands over standard input, and the end of it where there is none', async () => {
  assert.equal((await host.run({ tool: 'cat', args: [], deadline: 60_000 })).stdout, '');
  assert.equal((await host.run({ tool: 'cat', args: [], deadline: 60_000, input: 'text' })).stdout, 'text');
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one ');
    yield Buffer.from('two');
  }
  assert.equal(
    (await host.run({ tool: 'cat', args: [], deadline: 60_000, input: parts() })).stdout,
    'one two',
  );
  const early = await host.run({ tool: 'true', args: [], deadline: 60_000, input: 'x'.repeat(1 << 20) });
  assert.equal(early.status, 0, 'a command need not read what it is given');
});

test('run() fails with the cause when the input cannot be had, whatever the command makes of what it got', async () => {
  const cause = new Error('the registry is gone');
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one ');
    throw cause;
  }
  const error = await refusal(host.run({ tool: 'cat', args: [], deadline: 60_000, input: parts() }));
  assert.equal(error.code, 'input-failed');
  assert.equal(error.cause, cause);
});

test('run() says which program a host does not have, entered or not', async () => {
  const hosts = [
    host,
    ...(process.getuid?.() === 0 ? [hostAtRoot(OWN, '/'), hostOfProcess(OWN, process.pid)] : []),
  ];
  for (const one of hosts) {
    const error = await refusal(one.run({ tool: 'no-such-bootc', args: ['status'], deadline: 60_000 }));
    assert.equal(error.code, 'no-such-tool');
    assert.equal(error.tool, 'no-such-bootc');
  }
});

test(
  'run() enters the namespaces of a process',
  { skip: process.getuid?.() !== 0 && 'needs root' },
  async () => {
    const entered = hostOfProcess(OWN, process.pid, { namespaces: ['mount', 'uts', 'ipc'] });
    const { stdout } = await entered.run(sh('echo $PATH $container $https_proxy'));
    assert.equal(stdout, '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin http://p:1\n');
    assert.equal(
      await readFile(`${entered.root}/proc/self/comm`, 'utf8'),
      await readFile('/proc/self/comm', 'utf8'),
    );
  },
);

test('run() kills a command and all its children when its deadline passes', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const script = 'sleep 60 & echo $! ; trap "" TERM; sleep 60 & echo $!; wait';
  const both = Promise.withResolvers<void>();
  let lines = 0;
  const onLine = (): void => {
    lines += 1;
    if (lines === 2) both.resolve();
  };
  const running = refusal(host.run(sh(script, { deadline: 300, onLine })));
  await both.promise;
  for (const milliseconds of [300, 2_000]) t.mock.timers.tick(milliseconds);
  const error = await running;
  t.mock.timers.reset();
  assert.equal(error.code, 'timed-out');
  const pids = error.output?.stdout.trim().split('\n').map(Number) ?? [];
  assert.equal(pids.length, 2);
  for (const pid of pids) await gone(pid);
});

test('run() leaves a command behind that the kernel does not let die', async (t) => {
  // As one that waits for a disk that is gone: signals reach it, and change nothing.
  const kill = process.kill.bind(process);
  const signals: unknown[] = [];
  t.mock.method(process, 'kill', (_pid: number, signal: unknown) => signals.push(signal) > 0);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const started = Promise.withResolvers<void>();
  const onLine = (): void => started.resolve();
  const running = refusal(host.run(sh('echo $$; exec sleep 60', { deadline: 300, onLine })));
  await started.promise;
  for (const milliseconds of [300, 2_000, 10_000]) t.mock.timers.tick(milliseconds);
  const error = await running;
  assert.deepEqual([error.code, signals], ['timed-out', ['SIGTERM', 'SIGKILL']]);
  assert.match(error.message, /still running after 0\.3 s, and it cannot be killed$/);
  kill(Number(error.output?.stdout), 'SIGKILL');
});

test('run() ends with the command and not with what it left behind, which is killed', async () => {
  const started = performance.now();
  const { stdout, status } = await host.run(sh('sleep 60 & echo $!'));
  assert.equal(status, 0);
  assert.ok(performance.now() - started < 30_000);
  await gone(Number(stdout));
});

test('run() ends a command that is no longer wanted, also one not yet started', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 100);
  assert.equal((await refusal(host.run(sh('sleep 60'), abort.signal))).code, 'aborted');
  assert.equal((await refusal(host.run(sh('echo never'), abort.signal))).code, 'aborted');
});

test('run() lets a command in the background, and what it starts, yield to others', async () => {
  const { stdout } = await host.run(sh('sleep 0.1; nice', { background: true }));
  assert.equal(stdout, '10\n');
});

test('run() reports a command that somebody else killed', async () => {
  const { status, signal } = await host.run(sh('kill -9 $$'));
  assert.deepEqual({ status, signal }, { status: 137, signal: 'SIGKILL' });
});

test('run() stops a flood on standard output and keeps the end of one on standard error', async () => {
  const flood = await refusal(host.run(sh('yes', { maxOutput: 100_000 })));
  assert.equal(flood.code, 'too-much-output');
  assert.equal(flood.output?.stdout.length, 100_000);
  const { stderr } = await host.run(sh('yes | head -c 3000000 >&2; echo "error: last" >&2; exit 1'));
  assert.equal(stderr.length, 65_536);
  assert.ok(stderr.endsWith('error: last\n'));
});

test('run() shows lines as they come, of three streams, and bytes that are no text', async () => {
  const lines: OutputLine[] = [];
  const script = String.raw`printf 'a\rb\n\nc\377'; printf 'e\n' >&2; printf '{"type":"Start"}\n{' >&3`;
  await host.run(sh(script, { progress: true, onLine: (line) => lines.push(line) }));
  const of = (stream: string): string[] =>
    lines.filter((line) => line.stream === stream).map((line) => line.text);
  assert.deepEqual(of('stdout'), ['a', 'b', 'c�']);
  assert.deepEqual(of('stderr'), ['e']);
  assert.deepEqual(of('progress'), ['{"type":"Start"}', '{']);
});

test('run() gives a pipe for progress and no socket, and waits for its end', async () => {
  const lines: string[] = [];
  const onLine = ({ stream, text }: OutputLine): void => void lines.push(`${stream} ${text}`);
  const script =
    'test -p /dev/fd/3 && test -p /proc/self/fd/3 && echo is a pipe >&3; sleep 0.1; echo end >&3';
  assert.equal((await host.run(sh(script, { progress: true, onLine }))).status, 0);
  assert.deepEqual(lines, ['progress is a pipe', 'progress end']);
  // Whoever reads nothing does not keep the command from running, and a closed one does not keep it from ending.
  assert.equal((await host.run(sh('exec 3>&-; echo x', { progress: true }))).stdout, 'x\n');
  const left = await host.run(sh('sleep 60 & echo $!', { progress: true }));
  await gone(Number(left.stdout));
});

test('run() gives arguments to no shell, and refuses those that no process can be given', async () => {
  const { stdout } = await host.run({
    tool: 'printf',
    args: ['%s|', '$HOME;`id`', "a'b", ''],
    deadline: 60_000,
  });
  assert.equal(stdout, "$HOME;`id`|a'b||");
  const error = await refusal(host.run({ tool: 'echo', args: ['a\0b'], deadline: 60_000 }));
  assert.equal(error.code, 'cannot-start');
});

test('run() says that a file is no program', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'varve-host-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'bootc'), 'no program');
  await chmod(join(folder, 'bootc'), 0o644);
  assert.equal(
    (await refusal(host.run({ tool: join(folder, 'bootc'), args: [], deadline: 60_000 }))).code,
    'cannot-start',
  );
});

test('run() leaves no file open of a command that was never started', async () => {
  const open = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
  await host.run(sh('true', { progress: true }));
  const before = await open();
  for (let round = 0; round < 20; round += 1) {
    const command = sh('true', { progress: true });
    assert.equal((await refusal(host.run(command, AbortSignal.abort()))).code, 'aborted');
    assert.equal((await refusal(host.run({ ...command, args: ['\0'] }))).code, 'cannot-start');
    assert.equal((await refusal(host.run({ ...command, tool: 'no-such' }))).code, 'no-such-tool');
  }
  // Files are closed a moment later.
  assert.ok((await open()) < before + 10);
});
