import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  authDocument,
  type AuthEnvironment,
  authFiles,
  type AuthSource,
  loadAuthFiles,
} from './auth-source.ts';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function basic(name: string): { auth: string } {
  return { auth: base64(`${name}:secret`) };
}

function document(auths: Readonly<Record<string, unknown>>, more: object = {}): AuthSource {
  return authDocument('file', Buffer.from(JSON.stringify({ auths, ...more })));
}

function user(source: AuthSource, registry: string, repository = 'team/os'): string | undefined {
  const { credential } = source.lookup(registry, repository);
  return credential?.kind === 'basic' ? credential.username : credential?.kind;
}

test('lookup() matches hosts exactly, in all spellings of a key', () => {
  const table: readonly [key: string, registry: string, found: boolean][] = [
    ['quay.io', 'quay.io', true],
    ['quay.io', 'evil-quay.io', false],
    ['quay.io', 'quay.io.evil.example', false],
    ['quay.io', 'quay.io:5000', false],
    ['quay.io:5000', 'quay.io:5000', true],
    ['quay.io:5000', 'quay.io', false],
    ['QUAY.io', 'quay.io', true],
    ['https://quay.io', 'quay.io', true],
    ['https://quay.io/v2/', 'quay.io', true],
    ['http://quay.io/v1/', 'quay.io', true],
    ['https://index.docker.io/v1/', 'docker.io', true],
    ['registry-1.docker.io', 'docker.io', true],
    ['quay.io/team', 'quay.io', true],
    ['quay.io/tea', 'quay.io', false],
    ['quay.io/team/os', 'quay.io', true],
    ['quay.io/team/os/more', 'quay.io', false],
    ['', 'quay.io', false],
  ];
  for (const [key, registry, found] of table) {
    assert.equal(
      user(document({ [key]: basic('u') }), registry),
      found ? 'u' : undefined,
      `${key} ${registry}`,
    );
  }
});

test('lookup() prefers the most specific key', () => {
  const source = document({
    'quay.io': basic('host'),
    'quay.io/team': basic('team'),
    'quay.io/team/os': basic('os'),
    'https://quay.io/v2/': basic('url'),
  });
  assert.equal(user(source, 'quay.io', 'team/os'), 'os');
  assert.equal(user(source, 'quay.io', 'team/other'), 'team');
  assert.equal(user(source, 'quay.io', 'teams'), 'host');
});

test('lookup() reads every form of an entry', () => {
  const table: readonly [entry: object, credential: object | undefined][] = [
    [{ auth: base64('u:p:q') }, { kind: 'basic', username: 'u', password: 'p:q' }],
    [{ auth: base64('u:p\0\0') }, { kind: 'basic', username: 'u', password: 'p' }],
    [
      { username: 'u', password: 'p' },
      { kind: 'basic', username: 'u', password: 'p' },
    ],
    [
      { auth: base64('00000000-0000-0000-0000-000000000000:'), identitytoken: 't' },
      { kind: 'identity', token: 't' },
    ],
    [{ auth: base64('u:') }, { kind: 'basic', username: 'u', password: '' }],
    [{}, undefined],
    [{ auth: '' }, undefined],
  ];
  for (const [entry, credential] of table) {
    assert.deepEqual(document({ 'quay.io': entry }).lookup('quay.io', 'os').credential, credential);
  }
});

test('lookup() names file, key and defect of a malformed entry, never the secret, and only when it is needed', () => {
  const table: readonly [entry: unknown, defect: RegExp][] = [
    [7, /^cannot read auth file file: auths\["quay\.io"\] is not an object; log in again/u],
    [{ auth: 7 }, /has a member auth that is not a string; log in again/u],
    [{ auth: 'hunter2!' }, /has a member auth that is not base64; log in again/u],
    [{ auth: base64('hunter2') }, /has a member auth that is not base64 of USER:PASSWORD; log in again/u],
    [{ username: 'u' }, /has no password; log in again/u],
  ];
  for (const [entry, defect] of table) {
    const source = document({ 'quay.io': entry, 'other.io': basic('o') });
    assert.throws(
      () => source.lookup('quay.io', 'os'),
      (error: Error) => {
        assert.match(error.message, defect);
        assert.doesNotMatch(error.message, /hunter2|aHVudGVyMg/u);
        return true;
      },
    );
    assert.equal(user(source, 'other.io'), 'o');
  }
});

test('lookup() names the defect of a malformed file, never its text', () => {
  for (const [text, defect] of [
    ['{"auths": hunter2', /^cannot read auth file file: it is not JSON in UTF-8; log in again/u],
    ['[]', /it is not an object; log in again/u],
    ['{"auths": []}', /auths is not an object; log in again/u],
    ['{"credHelpers": {"a": 1}}', /credHelpers\["a"\] is not a string; log in again/u],
    ['{"credsStore": 1}', /credsStore is not a string; log in again/u],
    [' '.repeat(1024 * 1024 + 1), /more than the 1048576 allowed; log in again/u],
  ] as const) {
    assert.throws(
      () => authDocument('file', Buffer.from(text)).lookup('a', 'b'),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'auth-file');
        assert.match(error.message, defect);
        assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2/u);
        return true;
      },
    );
  }
});

test('lookup() names the credential helper that would be asked', () => {
  const store = document(
    { 'quay.io': {} },
    { credsStore: 'desktop', credHelpers: { 'ecr.example': 'ecr-login' } },
  );
  assert.deepEqual(store.lookup('quay.io', 'os'), { files: ['file'], helper: 'desktop' });
  assert.equal(store.lookup('ecr.example', 'os').helper, 'ecr-login');
  assert.equal(document({}).lookup('quay.io', 'os').helper, undefined);
});

function environment(
  files: Readonly<Record<string, string>>,
  more: Partial<AuthEnvironment> = {},
): AuthEnvironment & { asked: string[] } {
  const asked: string[] = [];
  const read = (path: string): Uint8Array | undefined => {
    asked.push(path);
    const text = files[path];
    return text === undefined ? undefined : Buffer.from(text);
  };
  return { env: {}, home: '/home/u', uid: 7, read, asked, ...more };
}

test("authFiles() searches in podman's order and takes the first file that has an entry", () => {
  const file = (name: string, host = 'quay.io'): string => JSON.stringify({ auths: { [host]: basic(name) } });
  const bare = environment({});
  assert.deepEqual(authFiles(bare).lookup('quay.io', 'os'), { files: [] });
  assert.deepEqual(bare.asked, [
    '/run/containers/7/auth.json',
    '/home/u/.config/containers/auth.json',
    '/home/u/.docker/config.json',
    '/home/u/.dockercfg',
  ]);
  const moved = environment(
    {},
    { env: { XDG_RUNTIME_DIR: '/x', XDG_CONFIG_HOME: '/c', DOCKER_CONFIG: '/d' } },
  );
  authFiles(moved).lookup('quay.io', 'os');
  assert.deepEqual(moved.asked, [
    '/x/containers/auth.json',
    '/c/containers/auth.json',
    '/d/config.json',
    '/home/u/.dockercfg',
  ]);

  const files = {
    '/run/containers/7/auth.json': file('runtime', 'other.io'),
    '/home/u/.docker/config.json': file('docker'),
    '/home/u/.dockercfg': JSON.stringify({
      'https://quay.io/v1/': basic('legacy'),
      'old.io': { ...basic('old'), email: 'x' },
    }),
  };
  const source = authFiles(environment(files));
  assert.equal(user(source, 'quay.io'), 'docker');
  assert.deepEqual(source.lookup('quay.io', 'os').files, ['/home/u/.docker/config.json']);
  assert.equal(user(source, 'old.io'), 'old');
  assert.deepEqual(source.lookup('none.io', 'os').files, Object.keys(files));
});

test('authFiles() minds a broken file only where no file before it has a credential', () => {
  const source = authFiles(
    environment({
      '/run/containers/7/auth.json': JSON.stringify({ auths: { 'quay.io': basic('runtime') } }),
      '/home/u/.config/containers/auth.json': JSON.stringify({
        auths: { 'quay.io': 7, 'other.io': basic('config') },
      }),
      '/home/u/.docker/config.json': '{"auths": hunter2',
      '/home/u/.dockercfg': JSON.stringify({ 'old.io': basic('old') }),
    }),
  );
  assert.equal(user(source, 'quay.io'), 'runtime');
  assert.equal(user(source, 'other.io'), 'config');
  // The broken file comes first, and may have it: whoever wrote both means the first one.
  for (const registry of ['old.io', 'none.io']) {
    assert.throws(() => source.lookup(registry, 'os'), {
      code: 'auth-file',
      message:
        'cannot read auth file /home/u/.docker/config.json: it is not JSON in UTF-8; log in again (podman login --authfile) to write it anew',
    });
  }
  assert.equal(user(source, 'quay.io'), 'runtime');
});

test('authFiles() reads each file once', () => {
  const files = environment({ '/home/u/.dockercfg': JSON.stringify({ 'old.io': basic('old') }) });
  const source = authFiles(files);
  for (const registry of ['old.io', 'none.io', 'old.io']) source.lookup(registry, 'os');
  assert.equal(files.asked.length, 4);
});

test('authFiles() reads a named file alone, and wants it to exist', () => {
  const here = environment(
    { '/home/u/.docker/config.json': '{}' },
    { env: { REGISTRY_AUTH_FILE: '/named' } },
  );
  assert.throws(() => authFiles(here).lookup('a', 'b'), {
    code: 'auth-file',
    message: 'cannot read auth file /named: there is no such file; create it with podman login --authfile',
  });
  assert.deepEqual(here.asked, ['/named']);
  const explicit = environment(
    { '/explicit': '{}' },
    { file: '/explicit', env: { REGISTRY_AUTH_FILE: '/named' } },
  );
  assert.deepEqual(authFiles(explicit).lookup('a', 'b'), { files: ['/explicit'] });
});

test('loadAuthFiles() reads files lazily, and says why it cannot', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'auth-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'auth.json');
  const source = loadAuthFiles({ file, env: {} });
  writeFileSync(file, JSON.stringify({ auths: { 'quay.io': basic('u') } }));
  assert.equal(user(source, 'quay.io'), 'u');
  assert.throws(() => loadAuthFiles({ file: directory, env: {} }).lookup('a', 'b'), {
    code: 'auth-file',
    message: `cannot read auth file ${directory}: it is a directory`,
  });
  assert.deepEqual(loadAuthFiles({ env: { HOME: directory, XDG_RUNTIME_DIR: directory } }).lookup('a', 'b'), {
    files: [],
  });
});
