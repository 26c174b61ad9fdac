import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeClock } from './fake-clock.ts';
import { Credentials } from './credentials.ts';
import { inClusterAccess } from './in-cluster.ts';
import { isKubeError } from './kube-error.ts';
import { loadKubeconfig } from './kubeconfig.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'varve-kubeconfig-'));
});
after(() => rm(directory, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

const PEM = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
const config = (user: string, cluster = 'server: "https://[::1]:6443/prefix"', more = ''): string => `
apiVersion: v1
kind: Config
current-context: here
contexts:
- {name: here, context: {cluster: c, user: u, namespace: mine}}
- {name: there, context: {cluster: c, user: nobody}}
clusters:
- name: c
  cluster: {${cluster}}
users:
- name: u
  user: {${user}}
${more}`;

test('loadKubeconfig() reads values, files relative to it, and the context that is named', async () => {
  const path = await file(
    'one',
    config(
      'client-certificate: pki/a.crt, client-key: /abs/a.key',
      `server: "https://h", certificate-authority-data: ${Buffer.from(PEM).toString('base64')}, tls-server-name: api`,
    ),
  );
  assert.deepEqual(await loadKubeconfig([path]), {
    server: 'https://h',
    authority: { value: PEM },
    serverName: 'api',
    certificate: { chain: { file: join(directory, 'pki/a.crt') }, key: { file: '/abs/a.key' } },
    namespace: 'mine',
  });
  await assert.rejects(loadKubeconfig([path], 'there'), { message: `cannot use ${path}: no user "nobody"` });
  await assert.rejects(loadKubeconfig([path], 'gone'), { code: 'configuration' });
});

test('loadKubeconfig() takes the first of several files, and passes over those that are missing', async () => {
  const first = await file(
    'first',
    'current-context: there\nusers:\n- {name: nobody, user: {token: t, tokenFile: tok}}\n',
  );
  const second = await file('second', config('token: other'));
  const access = await loadKubeconfig([join(directory, 'none'), first, second]);
  assert.deepEqual(access, {
    server: 'https://[::1]:6443/prefix',
    token: { file: join(directory, 'tok') },
    namespace: 'default',
  });
  await assert.rejects(loadKubeconfig([join(directory, 'none')]), { code: 'configuration' });
});

test('loadKubeconfig() refuses by name what it does not support or cannot use', async () => {
  for (const [user, cluster, field] of [
    ['exec: {command: x}', undefined, 'exec'],
    ['auth-provider: {name: x}', undefined, 'auth-provider'],
    ['as: root', undefined, 'as'],
    ['client-key: x', undefined, 'client-certificate'],
    ['client-certificate-data: "!", client-key: x', undefined, 'client-certificate-data'],
    ['token: t', 'server: "https://h", proxy-url: "http://p"', 'proxy-url'],
    ['token: t', 'server: nowhere', 'server'],
  ] as const) {
    const path = await file('bad', config(user, cluster));
    await assert.rejects(loadKubeconfig([path]), (error) => {
      assert.ok(isKubeError(error, 'configuration'));
      assert.match(error.message, new RegExp(`: ${field}: `, 'u'));
      return true;
    });
  }
});

test('loadKubeconfig() shows nothing of a file that it cannot parse', async () => {
  for (const content of ['token: "hunter2', '[hunter2]', 'a: &a [*a]\nhunter2: *a', '- '.repeat(5000)]) {
    const path = await file('broken', content);
    await assert.rejects(loadKubeconfig([path]), (error) => {
      assert.ok(isKubeError(error, 'configuration'));
      assert.ok(!error.message.includes('hunter2') && error.cause === undefined);
      return true;
    });
  }
});

test('inClusterAccess() is what the kubelet mounts', async () => {
  await file('namespace', 'varve\n');
  assert.deepEqual(
    await inClusterAccess({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }, directory),
    {
      server: 'https://[fd00::1]:443',
      namespace: 'varve',
      authority: { file: join(directory, 'ca.crt') },
      token: { file: join(directory, 'token') },
    },
  );
  await assert.rejects(inClusterAccess({}), { code: 'configuration' });
});

test('Credentials reads files again every ten seconds, and keeps what it knew while one cannot be read', async () => {
  const clock = new FakeClock();
  const token = await file('rotating', 'one\n');
  const credentials = new Credentials({ server: 'https://h', namespace: 'd', token: { file: token } }, clock);
  const first = await credentials.get();
  assert.equal(first.authorization, 'Bearer one');
  await file('rotating', 'two\n');
  assert.equal(await credentials.get(), first);
  await clock.advance(10_001);
  const second = await credentials.get();
  assert.equal(second.authorization, 'Bearer two');
  assert.equal(second.connection, first.connection, 'a token needs no new connection');
  await file('rotating', '');
  assert.equal((await credentials.get(true)).authorization, 'Bearer two');
  await rm(token);
  assert.equal(await credentials.get(true), second);
  const missing = new Credentials({ server: 'https://h', namespace: 'd', token: { file: token } }, clock);
  await assert.rejects(missing.get(), { code: 'configuration', message: `cannot read ${token}: ENOENT` });
});
