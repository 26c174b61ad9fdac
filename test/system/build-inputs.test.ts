import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer as createProxy, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { containerPool, writeObjects } from '../lab/container-pool.ts';
import { fileContents, flatten, layerEntries } from '../lab/image-tree.ts';
import { type Registry, startRegistry } from '../lab/registry.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run, type RunResult } from '../lab/run.ts';
import { pushShellBase } from '../lab/shell-base.ts';
import { imageFromRegistry } from '../lab/stored-image.ts';
import { unmountBelow } from '../lab/unmount.ts';
import { CHECKOUT, varve } from '../lab/varve.ts';

const skip = skipWithout('buildah', 'curl', 'docker-registry', 'openssl');

/** The base has so many layers. */
const BASE_LAYERS = 6;
const PASSWORDS = { repository: 'password-of-a-repository', proxy: 'password-of-a-proxy' };

suite('what a container build is given besides the configuration, by real buildah', { skip }, () => {
  let folder: string;
  let registry: Registry;
  let base: string;
  let key: string;
  let authority: string;
  let secure: Server;
  let proxy: Server;
  /** Addresses that the proxy was asked for. */
  const asked: string[] = [];
  let count = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-build-inputs-'));
    registry = await startRegistry({ parent: folder });
    const client = openRegistry({});
    base = await pushShellBase(client, `${registry.host}/base/os`, ['base64', 'curl', 'ls', 'readlink']);
    const tools = parseReference(`${registry.host}/mirror/tools:1`);
    const { bytes, mediaType } = await client.requireManifest(
      parseReference(await pushShellBase(client, `${registry.host}/mirror/tools`)),
    );
    await client.putManifest(tools, bytes, mediaType);
    client.close();
    const made = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    key = String(made.export({ type: 'pkcs8', format: 'pem' }));
    const pair = await selfSigned(folder);
    authority = pair.cert;
    secure = createTlsServer(pair, (_, response) => response.end('over TLS'));
    proxy = createProxy((request, response) => {
      asked.push(request.url ?? '');
      response.end('by the proxy');
    });
    for (const server of [secure, proxy]) await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  after(async () => {
    for (const server of [secure, proxy]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await registry.stop();
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  });

  const portOf = (server: Server): number => (server.address() as AddressInfo).port;
  const storage = (): string => join(folder, 'cache', 'varve', 'containers');

  function environment(): Record<string, string> {
    const address = `http://user:${PASSWORDS.proxy}@127.0.0.1:${portOf(proxy)}`;
    return {
      HOME: folder,
      XDG_CACHE_HOME: join(folder, 'cache'),
      http_proxy: address,
      no_proxy: '127.0.0.1',
    };
  }

  async function write(containerfile: string, repository: string): Promise<readonly string[]> {
    const config = join(folder, `config-${count++}`);
    await writeObjects(config, objects({ containerfile, key, authority, registry: registry.host }));
    const push = `${registry.host}/${repository}:1`;
    return ['build', '--pool', 'worker', '-f', config, '--base', base, '--push', push];
  }

  async function attempt(containerfile: string, repository: string): Promise<RunResult> {
    const args = await write(`FROM configs AS final\n${containerfile}`, repository);
    return varve(args, { env: environment(), accept: [0, 1] });
  }

  test('its commands have secrets, a proxy and an authority, and nothing of them is in what was pushed', async () => {
    const { status, stdout, stderr } = await attempt(
      [
        'RUN ls /etc/pki/entitlement > /usr/share/names && cat /etc/pki/entitlement/1-key.pem',
        'RUN read -r word < /etc/apt/auth.conf.d/a.conf && echo yes > /usr/share/word && echo "$word"',
        'RUN cat /etc/yum.repos.d/a.repo > /usr/share/repository',
        'RUN curl -sSf http://packages.example.com/list > /usr/share/proxied',
        `RUN curl -sSf https://127.0.0.1:${portOf(secure)}/ > /usr/share/trusted`,
        'COPY --from=tools.example.com/tools:1 /usr/bin/sleep /usr/share/mirrored',
        'RUN echo archive > /var/cache/apt/archives/a.deb',
        'RUN mkdir -p /var/log/apt /var/lib/apt/lists && echo l | cat > /var/log/dpkg.log && echo l > /var/lib/apt/lists/x',
        'RUN echo t > /tmp/t && echo t > /run/t',
      ].join('\n'),
      'os/inputs',
    );
    assert.equal(status, 0, stderr);
    const image = await imageFromRegistry(stdout.trim());
    const contents = await fileContents(image, BASE_LAYERS);
    const text = (path: string): string | undefined => contents.get(path)?.toString();
    assert.equal(text('usr/share/names'), '1-key.pem\n');
    assert.equal(text('usr/share/word'), 'yes\n');
    assert.equal(text('usr/share/repository'), '[a]\n', 'a repository is no secret');
    assert.equal(text('usr/share/proxied'), 'by the proxy');
    assert.deepEqual(asked, ['http://packages.example.com/list']);
    assert.equal(text('usr/share/trusted'), 'over TLS');
    assert.ok(contents.has('usr/share/mirrored'), 'an image of a mirror that the policy lets in');
    assert.ok(!stderr.includes(PASSWORDS.repository), 'the log has no password');
    for (const line of keyLines()) assert.ok(!stderr.includes(line), 'the log has no key');

    const tree = await flatten(image);
    const written: string[] = [];
    for (const layer of image.manifest.layers.slice(BASE_LAYERS))
      for (const { path } of await layerEntries(image, layer)) written.push(path);
    const left =
      /^(?:etc\/(?:hostname|hosts|resolv\.conf|apt|pki|ssl|yum)|run\/|tmp\/|var\/(?:cache\/apt|lib\/apt\/lists\/|log\/dpkg))/;
    assert.deepEqual(
      written.filter((path) => left.test(path)),
      [],
    );
    assert.ok(tree.has('var/log/apt'), 'a folder for logs stays');
    const documents = JSON.stringify([image.manifest, image.config]);
    for (const [path, bytes] of [...contents, ['the documents', Buffer.from(documents)] as const])
      assert.ok(!bytes.includes(authority.split('\n')[3] ?? ''), `${path} has the authority`);
    // Of every image that has been pushed, kept or not.
    const wanted = [...keyLines(), ...Object.values(PASSWORDS)].flatMap(formsOf);
    for (const blob of await blobs(folder)) {
      for (const form of wanted) assert.ok(!blob.includes(form), `a blob of the registry has ${form}`);
    }
    assert.deepEqual(await readdir(join(storage(), 'tmp')), []);
    assert.equal(await readFile(join(folder, 'cache/varve/packages/worker/apt/a.deb'), 'utf8'), 'archive\n');
  });

  test('a secret that is copied into the image keeps it from being pushed', async () => {
    const { status, stderr } = await attempt(
      'RUN cat /var/cache/apt/archives/a.deb\nRUN base64 /etc/pki/entitlement/1-key.pem > /usr/share/copy',
      'os/leak',
    );
    assert.equal(status, 1);
    assert.match(stderr, /^archive$/m, 'the packages that the pool has downloaded before are there');
    assert.match(
      stderr,
      /cannot push the image: the Containerfile has copied a secret of Secret etc-pki-entitlement-worker into \/usr\/share\/copy/,
    );
    await assert.rejects(imageFromRegistry(`${registry.host}/os/leak:1`));
    const wanted = keyLines().flatMap(formsOf);
    for (const blob of await blobs(folder)) assert.ok(!wanted.some((form) => blob.includes(form)));
  });

  test('what a builder leaves that was killed is gone when the next one begins', async () => {
    const seconds = 100_000_000 + process.pid;
    const args = await write(`FROM configs AS final\nRUN echo begun && exec sleep ${seconds}\n`, 'os/killed');
    const child = spawn(join(CHECKOUT, 'bin/varve'), args, {
      env: { ...process.env, ...environment() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'close');
    const begun = new Promise<void>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (line === 'begun') resolve();
      });
    });
    await Promise.race([begun, ended]);
    const left = await readdir(join(storage(), 'tmp'));
    assert.equal(left.length, 1);
    child.kill('SIGKILL');
    child.stderr.destroy();
    await ended;
    assert.deepEqual(await readdir(join(storage(), 'tmp')), left, 'nobody has removed it');
    const { status, stderr } = await attempt('RUN true', 'os/next');
    assert.equal(status, 0, stderr);
    assert.deepEqual(await readdir(join(storage(), 'tmp')), []);
    const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const commands = await Promise.all(
      processes.map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
    );
    assert.ok(!commands.includes(`sleep\u0000${seconds}\u0000`), 'its command has ended');
  });

  /** Lines that only a key has. */
  function keyLines(): readonly string[] {
    return key.split('\n').slice(1, -2);
  }
});

/** A secret as it is, and as it is in base64, wherever it begins there. */
function formsOf(text: string): readonly string[] {
  const coded = ['', 'x', 'xx'].map((before) =>
    Buffer.from(`${before}${text}`).toString('base64').slice(4, -4),
  );
  return [text, ...coded];
}

/** All that a registry has stored, without compression. */
async function blobs(folder: string): Promise<readonly Buffer[]> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => /\/[0-9a-f]{64}\/data$/.test(name));
  return Promise.all(
    files.map(async (name) => {
      const bytes = await readFile(join(folder, name));
      return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    }),
  );
}

async function selfSigned(folder: string): Promise<{ readonly key: string; readonly cert: string }> {
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  await run('openssl', [
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=a lab', '-addext'],
    ['subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
  ]);
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
}

/** Nothing but what it names; what Varve itself has made is nobody's to sign. */
const POLICY = {
  default: [{ type: 'reject' }],
  transports: { docker: { 'tools.example.com': [{ type: 'insecureAcceptAnything' }] } },
};

interface Parts {
  readonly containerfile: string;
  readonly key: string;
  readonly authority: string;
  readonly registry: string;
}

function objects({ containerfile, key, authority, registry }: Parts): readonly object[] {
  const secret = (name: string, stringData: object): object => {
    return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData };
  };
  const files = {
    '/etc/containers/registries.conf': `[[registry]]\nprefix = "tools.example.com"\nlocation = "tools.example.com"\n[[registry.mirror]]\nlocation = "${registry}/mirror"\n`,
    '/etc/containers/policy.json': JSON.stringify(POLICY),
  };
  return [
    ...containerPool({ files, containerfile }),
    {
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'ControllerConfig',
      metadata: { name: 'machine-config-controller' },
      spec: { additionalTrustBundle: Buffer.from(authority).toString('base64'), proxy: null },
    },
    secret('etc-pki-entitlement-worker', { '1-key.pem': key }),
    secret('etc-apt-auth-conf-d', {
      'a.conf': `machine r.example.com login u password ${PASSWORDS.repository}\n`,
    }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'etc-yum-repos-d' },
      data: { 'a.repo': '[a]\n' },
    },
  ];
}
