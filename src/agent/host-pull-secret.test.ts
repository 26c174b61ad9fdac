import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { HostPullSecret, type PullSecretReading } from './host-pull-secret.ts';
import { TestFiles } from './test-files.ts';

const skip = process.getuid?.() === 0 ? false : 'not root';

function auths(entries: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    auths: Object.fromEntries(Object.entries(entries).map(([registry, auth]) => [registry, { auth }])),
  });
}

function present(entries: Readonly<Record<string, string>>): PullSecretReading {
  return { state: 'present', document: auths(entries) };
}

class Case {
  readonly host: TestFiles;
  readonly troubles: string[] = [];
  secret: PullSecretReading = { state: 'unknown' };
  readonly #access: HostPullSecret;

  constructor(t: TestContext) {
    this.host = new TestFiles(t);
    this.#access = new HostPullSecret({
      root: this.host.root,
      read: () => this.secret,
      onTrouble: (doing, error) => this.troubles.push(`${doing}: ${String(error)}`),
    });
  }

  async refresh(secret = this.secret): Promise<unknown> {
    this.secret = secret;
    await this.#access.refresh();
    return this.seen;
  }

  /** What a tool of the host reads. */
  get seen(): unknown {
    const path = this.host.at('/run/ostree/auth.json');
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as unknown;
    } catch {
      return undefined;
    }
  }
}

test(
  "HostPullSecret writes what the host's tools look for first, for nobody else to read",
  { skip },
  async (t) => {
    const world = new Case(t);
    assert.equal(await world.refresh(), undefined, 'nothing is known of it yet');
    assert.deepEqual(await world.refresh(present({ 'r.example': 'YTpi' })), {
      auths: { 'r.example': { auth: 'YTpi' } },
    });
    assert.equal(readlinkSync(world.host.at('/run/ostree/auth.json')), '../varve/auth.json');
    const before = statSync(world.host.at('/run/varve/auth.json'));
    assert.equal(before.mode & 0o7777, 0o600);
    await world.refresh();
    assert.equal(statSync(world.host.at('/run/varve/auth.json')).ino, before.ino, 'it is not written again');
    await world.refresh(present({ 'r.example': 'YTpj' }));
    assert.deepEqual(world.seen, { auths: { 'r.example': { auth: 'YTpj' } } });
    assert.deepEqual(
      await world.refresh({ state: 'unknown' }),
      world.seen,
      'a secret that cannot be read stays',
    );
    assert.equal(await world.refresh({ state: 'absent' }), undefined);
    assert.deepEqual(world.troubles, []);
    assert.equal(lstatSync(world.host.at('/run/varve/auth.json'), { throwIfNoEntry: false }), undefined);
  },
);

test('HostPullSecret keeps what the host has for other registries', { skip }, async (t) => {
  const world = new Case(t);
  const { host } = world;
  host.write('/usr/lib/ostree/auth.json', auths({ 'never.example': 'eA==' }));
  host.write(
    '/etc/ostree/auth.json',
    JSON.stringify({
      auths: { 'r.example/team': { auth: 'b2xk' }, 'b.example': { auth: 'Yg==' } },
      credHelpers: { 'c.example': 'x' },
    }),
  );
  host.write('/var/lib/kubelet/config.json', auths({ 'b.example': 'b2xk', 'https://k.example/v1/': 'aw==' }));
  assert.deepEqual(await world.refresh(present({ 'r.example': 'YTpi' })), {
    auths: {
      'r.example': { auth: 'YTpi' },
      'b.example': { auth: 'Yg==' },
      'https://k.example/v1/': { auth: 'aw==' },
    },
    credHelpers: { 'c.example': 'x' },
  });
  host.write('/etc/ostree/auth.json', 'secret that is no JSON');
  await world.refresh();
  assert.deepEqual(Object.keys((world.seen as { auths: object }).auths), [
    'r.example',
    'b.example',
    'https://k.example/v1/',
  ]);
  assert.deepEqual(world.troubles, []);
});

test('HostPullSecret leaves a file of somebody else, and says so once', { skip }, async (t) => {
  const world = new Case(t);
  world.host.write('/run/ostree/auth.json', auths({ 'foreign.example': 'eA==' }));
  await world.refresh(present({ 'r.example': 'c2VjcmV0' }));
  await world.refresh();
  assert.deepEqual(world.seen, { auths: { 'foreign.example': { auth: 'eA==' } } });
  assert.equal(world.troubles.length, 1);
  assert.match(world.troubles[0]!, /\/run\/ostree\/auth\.json: somebody else wrote it/);
  assert.doesNotMatch(world.troubles[0]!, /c2VjcmV0/);
  await world.refresh({ state: 'absent' });
  assert.notEqual(world.seen, undefined);
  rmSync(world.host.at('/run/ostree/auth.json'));
  assert.deepEqual(await world.refresh(present({ 'r.example': 'eA==' })), {
    auths: { 'r.example': { auth: 'eA==' } },
  });
});

test('HostPullSecret takes up where an agent was killed, and keeps to the host', { skip }, async (t) => {
  const world = new Case(t);
  mkdirSync(world.host.at('/run/varve'), { recursive: true });
  writeFileSync(world.host.at('/run/varve/.varve-0123456789abcdef.new'), 'part of a secret');
  writeFileSync(world.host.at('/run/varve/auth.json'), 'part');
  await world.refresh(present({ 'r.example': 'eA==' }));
  assert.equal(world.host.show('/run/varve/.varve-0123456789abcdef.new'), undefined);
  assert.equal(statSync(world.host.at('/run/varve/auth.json')).mode & 0o777, 0o600);
  assert.deepEqual(world.seen, { auths: { 'r.example': { auth: 'eA==' } } });
});
