import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';
import { containerPool, type ContainerPool, writeObjects } from '../lab/container-pool.ts';
import { fileContents, flatten, type ImageTree } from '../lab/image-tree.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { skipWithout } from '../lab/requirements.ts';
import type { RunResult } from '../lab/run.ts';
import { imageFromRegistry, type StoredImage } from '../lab/stored-image.ts';
import { unmountBelow } from '../lab/unmount.ts';
import { CHECKOUT, varve } from '../lab/varve.ts';

const skip = skipWithout('buildah', 'docker-registry', 'mmdebstrap', 'skopeo');

interface Built {
  readonly image: StoredImage;
  readonly tree: ImageTree;
  readonly contents: ReadonlyMap<string, Buffer>;
  /** Whether a container ran. */
  readonly ran: boolean;
  readonly log: string;
}

const RAN = /a container build makes/;

suite('varve build with a Containerfile, by real buildah', { skip }, () => {
  let lab: Laboratory;
  let count = 0;

  before(async () => {
    lab = await openLaboratory();
  });
  after(async () => {
    // buildah's store is a mount of its own.
    await unmountBelow(lab.folder);
    await lab.close();
  });

  async function write(pool: ContainerPool, repository: string): Promise<readonly string[]> {
    const folder = join(lab.folder, `config-${count++}`);
    await writeObjects(folder, containerPool(pool));
    const push = `${lab.registry.host}/${repository}:1`;
    return ['build', '--pool', 'worker', '-f', folder, '--base', lab.base, '--push', push];
  }

  function home(): Record<string, string> {
    return { HOME: lab.folder, XDG_CACHE_HOME: join(lab.folder, 'cache') };
  }

  async function attempt(pool: ContainerPool, repository: string): Promise<RunResult> {
    return varve(await write(pool, repository), { env: home(), accept: [0, 1] });
  }

  /** Containers that are mounted. */
  async function mounted(): Promise<readonly string[]> {
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    return mounts.split('\n').filter((line) => new RegExp(`${lab.folder}\\S*/merged `).test(line));
  }

  async function build(pool: ContainerPool, repository: string): Promise<Built> {
    const { status, stdout, stderr } = await attempt(pool, repository);
    assert.equal(status, 0, stderr);
    const image = await imageFromRegistry(stdout.trim());
    const tree = await flatten(image);
    const contents = await fileContents(image, 51);
    return { image, tree, contents, ran: RAN.test(stderr), log: stderr };
  }

  test('here-documents, several stages and files of the configuration; what builders leave behind is gone', async () => {
    const { tree, contents, log, image } = await build(
      {
        files: { '/etc/site.conf': 'site', '/etc/hidden.conf': 'hidden' },
        containerfile: [
          'FROM configs AS plain',
          'FROM plain AS tools',
          'RUN <<EOF',
          'set -e',
          'echo from-a-stage > /opt-tool',
          'EOF',
          'FROM configs AS final',
          'ENV WORD=expanded',
          'COPY --from=tools /opt-tool /usr/bin/tool',
          'COPY <<TEXT /usr/share/text',
          'a $WORD',
          'TEXT',
          'RUN cat /etc/site.conf > /usr/share/seen && echo other > /etc/site.conf',
          'RUN ls /etc > /usr/share/listing',
        ].join('\n'),
      },
      'os/stages',
    );
    const text = (path: string): string | undefined => contents.get(path)?.toString();
    assert.equal(text('usr/bin/tool'), 'from-a-stage\n');
    assert.equal(text('usr/share/text'), 'a expanded\n');
    assert.equal(text('usr/share/seen'), 'site');
    assert.equal(text('etc/site.conf'), 'site', 'the MachineConfig wins');
    assert.match(
      log,
      /warning: \/etc\/site\.conf is written by the container build and by MachineConfig 50-files, which wins/,
    );
    // /etc is mentioned whole, so that the build sees all of it.
    assert.match(text('usr/share/listing') ?? '', /^hidden\.conf$/m);
    for (const path of ['etc/hostname', 'etc/hosts', 'etc/resolv.conf']) {
      const there = tree.get(path);
      assert.ok(there === undefined || there.size !== 0, `${path} is left behind`);
    }
    const labels = image.config.config?.Labels ?? {};
    assert.equal(
      labels['org.opencontainers.image.base.digest'],
      lab.baseDigest,
      'the base is still the base',
    );
  });

  test('a change that the build cannot depend on runs no container, one that it can does', async () => {
    const containerfile = 'FROM configs AS final\nRUN cp /etc/seen.conf /usr/share/copy\n';
    const files = {
      '/etc/seen.conf': '1',
      '/etc/other.conf': '1',
      '/etc/apt/sources.list.d/x.list': '# 1\n',
    };
    const first = await build({ containerfile, files }, 'os/reuse');
    assert.equal(first.ran, true);
    const hidden = await build({ containerfile, files: { ...files, '/etc/other.conf': '2' } }, 'os/reuse');
    assert.equal(hidden.ran, false);
    assert.equal(hidden.contents.get('etc/other.conf')?.toString(), '2');
    assert.equal(hidden.contents.get('usr/share/copy')?.toString(), '1');
    const mentioned = await build({ containerfile, files: { ...files, '/etc/seen.conf': '2' } }, 'os/reuse');
    assert.equal(mentioned.ran, true);
    assert.equal(mentioned.contents.get('usr/share/copy')?.toString(), '2');
    const source = await build(
      { containerfile, files: { ...files, '/etc/apt/sources.list.d/x.list': '# 2\n' } },
      'os/reuse',
    );
    assert.equal(source.ran, true);
    const named = await build(
      { containerfile, files, annotations: { 'varve.dev/build-inputs': '/etc/other.conf' } },
      'os/reuse',
    );
    assert.equal(named.ran, true);
  });

  test('a command that fails is told with its line and what it said; nothing is pushed', async () => {
    const containerfile =
      'FROM configs AS final\nRUN true\n# a comment\nRUN echo oh no >&2 && \\\n  exit 3\n';
    const { status, stderr } = await attempt({ containerfile }, 'os/failing');
    assert.equal(status, 1);
    assert.match(
      stderr,
      /error: cannot build the image: a command failed at line 4 of the Containerfile, RUN echo oh no/,
    );
    assert.match(stderr.slice(stderr.indexOf('error: cannot build')), /oh no/);
    await assert.rejects(imageFromRegistry(`${lab.registry.host}/os/failing:1`));
    assert.deepEqual(await mounted(), [], 'nothing stays mounted');
  });

  test('a build that is stopped leaves nothing running, mounted or on the disk that is secret', async () => {
    const containerfile = 'FROM configs AS final\nRUN echo begun && exec sleep 86399\n';
    const args = await write({ containerfile }, 'os/stopped');
    const child = spawn(join(CHECKOUT, 'bin/varve'), args, {
      env: { ...process.env, ...home() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'close');
    const begun = new Promise<void>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (line === 'begun') resolve();
      });
    });
    await Promise.race([begun, ended]);
    assert.ok((await mounted()).length > 0, 'its container is mounted');
    child.kill('SIGTERM');
    await ended;
    assert.deepEqual(await mounted(), []);
    assert.deepEqual(await readdir(join(lab.folder, 'cache', 'varve', 'containers', 'tmp')), []);
    const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const commands = await Promise.all(
      processes.map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
    );
    assert.ok(!commands.includes('sleep\u000086399\u0000'), 'its command has ended');
  });

  test('an image of another stage that is not there is told as that', async () => {
    const containerfile = `FROM ${lab.registry.host}/no/such:1 AS tools\nRUN true\nFROM configs AS final\nCOPY --from=tools /a /b\n`;
    const { status, stderr } = await attempt({ containerfile }, 'os/missing');
    assert.equal(status, 1);
    assert.match(stderr, /an image of the Containerfile is not in its registry/);
  });

  test('a text that is no Containerfile is refused before anything is asked or run', async () => {
    const { status, stderr } = await attempt(
      { containerfile: 'FROM configs AS final\nRUNN true\nCOPY a\n' },
      'os/bad',
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /the Containerfile of MachineOSConfig worker: 2:1: Unknown instruction: RUNN; 3:6: COPY requires/,
    );
    assert.doesNotMatch(stderr, RAN);
  });

  test('comments alone need no container', async () => {
    const { ran } = await build({ containerfile: '# nothing yet\n' }, 'os/comments');
    assert.equal(ran, false);
  });

  test('an extension that the distribution has no packages for is told', async () => {
    const { stderr } = await attempt({ spec: { extensions: ['sandboxed-containers'] } }, 'os/extension');
    assert.match(stderr, /a package is in none of the repositories at Varve's own step/);
  });

  test('what a build writes on the machine is below its cache', () => {
    assert.ok(existsSync(join(lab.folder, 'cache', 'varve', 'containers')));
  });
});
