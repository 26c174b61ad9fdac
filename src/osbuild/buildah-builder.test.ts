import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseReference } from '../oci/index.ts';
import { BuildahBuilder } from './buildah-builder.ts';
import type { ContainerBuildRequest } from './container-builder.ts';
import { OsBuildError } from './osbuild-error.ts';

const DIGEST = `sha256:${'0'.repeat(64)}` as const;
/** Of the command that pushes. */
const PUSH = `for one in "$@"; do case $one in --digestfile=*) echo ${DIGEST} >"\${one#*=}" ;; esac; done`;

interface Ended {
  readonly said: readonly string[];
  /** Absent where it failed. */
  readonly digest: string | undefined;
  readonly error: unknown;
  readonly left: readonly string[];
}

/** @param bud what stands in the place of `buildah bud`, as a script */
async function build(t: TestContext, bud: string): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-buildah-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [commands, storage] = [join(folder, 'bin'), join(folder, 'storage')];
  await mkdir(commands);
  const program = join(commands, 'buildah');
  await writeFile(program, `#!/bin/sh\nshift\ncase $1 in\nbud) ${bud} ;;\npush) ${PUSH} ;;\nesac\n`);
  await chmod(program, 0o755);
  const said: string[] = [];
  const request: ContainerBuildRequest = {
    assembled: { text: 'FROM r.example.com/os\n', files: new Map(), steps: [] },
    mediaFamily: 'oci',
    push: parseReference('r.example.com/os:build'),
    images: [],
    mounts: [],
    proxyEnvironment: {},
    signal: new AbortController().signal,
    say: (line) => said.push(line),
  };
  const builder = new BuildahBuilder({
    storage,
    architecture: 'amd64',
    auth: { lookup: () => ({ files: [] }) },
    insecureRegistries: [],
    certificateAuthorities: [],
    path: `${commands}:/usr/bin:/bin`,
  });
  const ended = await builder.build(request).then(
    (digest) => ({ digest, error: undefined }),
    (error: unknown) => ({ digest: undefined, error }),
  );
  const lines = said.filter((line) => !line.startsWith('warning: '));
  return { ...ended, said: lines, left: await readdir(join(storage, 'tmp')) };
}

test('a build tells its output line by line and the digest of what it has pushed, and leaves nothing', async (t) => {
  const { digest, said, left } = await build(t, `echo one; printf 'two' >&2`);
  assert.equal(digest, DIGEST);
  assert.deepEqual(said.toSorted(), ['one', 'two']);
  assert.deepEqual(left, []);
});

test('a command that writes without an end of a line costs no memory', async (t) => {
  const { digest, said } = await build(t, `head -c 3000000 /dev/zero | tr '\\0' x; echo; echo after`);
  assert.equal(digest, DIGEST);
  assert.deepEqual(
    said.map(({ length }) => length),
    [64 * 1024, 'after'.length],
  );
});

test('a build that fails is told with what it said last, and leaves nothing', async (t) => {
  const { error, left } = await build(t, 'echo oh no; exit 3');
  assert.ok(error instanceof OsBuildError);
  assert.equal(error.code, 'command-failed');
  assert.equal(
    error.message,
    'cannot build the image: the builder failed (exit status 3); it ended with:\noh no',
  );
  assert.deepEqual(left, []);
});
