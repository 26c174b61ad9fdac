import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd } from '../lab/at-end.ts';
import { ApiClient, readKubeconfig } from '../lab/faults/api-client.ts';
import { killAgainAndAgain } from '../lab/faults/kill-loop.ts';
import { Plane, type PlaneOptions } from '../lab/faults/plane.ts';
import { RawConnection } from '../lab/faults/raw-connection.ts';
import { lastingPort } from '../lab/lasting-port.ts';
import { randomOf, seedOf } from '../lab/random.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';
import { until } from '../lab/until.ts';
import { varve } from '../lab/varve.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

/** A kill takes about a third of a second, which is the start after it. */
const KILLS = Number(process.env['VARVE_TEST_KILLS'] ?? 200);

/** What a test leaves behind is tidied up in the opposite order: a folder goes when nobody uses it any more. */
class Leftovers {
  readonly #undo: (() => unknown)[] = [];

  constructor(t: TestContext) {
    atEnd(t, async () => {
      for (const undo of this.#undo.toReversed()) await undo();
    });
  }

  later(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'api-faults-'));
    this.later(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  async plane(options: PlaneOptions): Promise<Plane> {
    const plane = await Plane.start(options);
    this.later(() => plane.kill());
    return plane;
  }
}

function configMap(name: string, size = 10): string {
  return JSON.stringify({ metadata: { name }, data: { fill: 'x'.repeat(size) } });
}

async function withClient<T>(plane: Plane, use: (client: ApiClient) => Promise<T>): Promise<T> {
  const client = new ApiClient(readKubeconfig(plane.kubeconfig));
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

describe('kill -9', () => {
  test(`${KILLS} times at random moments under load: no acknowledged write is lost, none is half there, watches go on where they were`, async (t) => {
    const folder = await new Leftovers(t).folder();
    const seed = seedOf(t);
    const half = { kills: Math.ceil(KILLS / 2), writers: 8, watchers: 3 };
    // Two at a time: one starts while the other one is at work.
    const reports = await Promise.all([
      killAgainAndAgain({ ...half, directory: join(folder, 'long'), random: randomOf(seed) }),
      killAgainAndAgain({
        ...half,
        directory: join(folder, 'short'),
        history: { revisions: 50 },
        random: randomOf(seed + 1),
      }),
    ]);
    for (const report of reports) t.diagnostic(JSON.stringify(report));
    const [long, short] = reports;
    assert.ok(long.acknowledged > KILLS && short.acknowledged > KILLS, 'too few writes to mean anything');
    assert.ok(long.interrupted > 0 && long.resumes > 0, 'no kill came while something was under way');
    assert.equal(long.relists, 0, 'a watch lost its place though all of the past was kept');
  });
});

describe('a full disk', { skip: skipWithout('mount') }, () => {
  test('writers are told so, all else goes on, and with space they go on too', async (t) => {
    const leftovers = new Leftovers(t);
    const folder = await leftovers.folder();
    const disk = join(folder, 'disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
    leftovers.later(() => run('umount', [disk]));
    const filler = join(disk, 'filler');
    await writeFile(filler, Buffer.alloc(24 << 20));
    const plane = await leftovers.plane({ directory: join(disk, 'plane') });
    await withClient(plane, async (client) => {
      const seen: string[] = [];
      const watching = client.watch(`${CONFIG_MAPS}?watch=1`, (chunk) => seen.push(chunk.toString('latin1')));
      const acknowledged: string[] = [];
      let refusal = '';
      for (let index = 0; refusal === '' && index < 400; index++) {
        const { status, body } = await client.request(
          'POST',
          CONFIG_MAPS,
          configMap(`full-${index}`, 100_000),
        );
        if (status === 201) acknowledged.push(`full-${index}`);
        else refusal = `${status} ${body.toString()}`;
      }
      assert.match(refusal, /^500 .*"status":"Failure".*full; free space on its file system/);
      assert.ok(acknowledged.length > 10);

      const patch = await client.request(
        'PATCH',
        `${CONFIG_MAPS}/full-0`,
        configMap('full-0', 200_000),
        'application/merge-patch+json',
      );
      assert.equal(patch.status, 500);
      const list = await client.request('GET', CONFIG_MAPS);
      assert.equal(list.status, 200);
      for (const name of acknowledged) assert.ok(list.body.includes(`"name":"${name}"`), name);
      const read = await client.request('GET', `${CONFIG_MAPS}/full-0`);
      assert.ok(read.body.includes('x'.repeat(100_000)) && !read.body.includes('x'.repeat(100_001)));

      await rm(filler);
      const again = await client.request('POST', CONFIG_MAPS, configMap('with-space'));
      assert.equal(again.status, 201, again.body.toString());
      await until('the watch goes on', () => seen.join('').includes('"name":"with-space"'));
      assert.ok(acknowledged.every((name) => seen.join('').includes(`"name":"${name}"`)));
      watching.stop();

      await plane.kill();
      const next = await leftovers.plane({ directory: join(disk, 'plane') });
      await withClient(next, async (after) => {
        const names = (await after.request('GET', CONFIG_MAPS)).body.toString();
        for (const name of [...acknowledged, 'with-space'])
          assert.ok(names.includes(`"name":"${name}"`), name);
      });
    });
  });
});

describe('a damaged database', () => {
  interface Damage {
    /** Whether the last process ended well: otherwise there is a log. */
    readonly endedWell: boolean;
    readonly damage: (objects: string) => Promise<void>;
  }

  async function overwrite(path: string, at: (size: number) => number, bytes: Uint8Array): Promise<void> {
    const contents = await readFile(path);
    contents.set(bytes, at(contents.length));
    await writeFile(path, contents);
  }

  const noise = Buffer.alloc(4096, 0xa5);
  const damages: Readonly<Record<string, Damage>> = {
    'noise in the middle': {
      endedWell: true,
      damage: (path) => overwrite(path, (size) => (size >> 13) * 4096, noise),
    },
    'one bit of an object': {
      endedWell: true,
      damage: async (path) => {
        const contents = await readFile(path);
        const at = contents.indexOf('precious');
        assert.ok(at > 0);
        contents.writeUInt8(contents.readUInt8(at) ^ 1, at);
        await writeFile(path, contents);
      },
    },
    'an end that is missing': {
      endedWell: true,
      damage: async (path) => truncate(path, (await stat(path)).size >> 1),
    },
    'a header of zeros': { endedWell: true, damage: (path) => overwrite(path, () => 0, Buffer.alloc(100)) },
    'another file in its place': {
      endedWell: true,
      damage: (path) => writeFile(path, 'precious notes\n'.repeat(1000)),
    },
    'nothing in it': { endedWell: true, damage: (path) => truncate(path, 0) },
    'a log that is gone': { endedWell: false, damage: (path) => rm(`${path}-wal`) },
    'noise in the log': {
      endedWell: false,
      damage: (path) => overwrite(`${path}-wal`, (size) => Math.min(5000, size - 4096), noise),
    },
    'a database that is gone, but not its log': { endedWell: false, damage: (path) => rm(path) },
  };

  test('it is not started, the file is named, and nothing is overwritten', async (t) => {
    const folder = await new Leftovers(t).folder();
    const whole = { ended: join(folder, 'ended'), killed: join(folder, 'killed') };
    for (const directory of Object.values(whole)) {
      const plane = await Plane.start({ directory });
      await withClient(plane, async (client) => {
        for (let index = 0; index < 50; index++)
          assert.equal(
            (await client.request('POST', CONFIG_MAPS, configMap(`precious-${index}`, 5000))).status,
            201,
          );
      });
      if (directory === whole.killed) await plane.kill();
      else assert.equal(await plane.stop(), 0);
    }
    for (const [name, { endedWell, damage }] of Object.entries(damages)) {
      const directory = join(folder, 'damaged');
      await cp(endedWell ? whole.ended : whole.killed, directory, { recursive: true });
      const file = join(directory, 'objects', 'objects.db');
      await damage(file);
      const before = await contentsOf(directory);
      await assert.rejects(Plane.start({ directory }), (error: Error) => {
        assert.ok(error.message.includes(`cannot open ${file}`), `${name}: ${error.message}`);
        assert.match(error.message, /nothing was changed/, name);
        return true;
      });
      assert.deepEqual(await contentsOf(directory), before, name);
      const { stderr } = await varve(['up', '--data', directory], { accept: [1] });
      assert.ok(stderr.includes(`cannot open ${file}`) && !/\n\s+at /.test(stderr), `${name}: ${stderr}`);
      assert.deepEqual(await contentsOf(directory), before, name);
      await rm(directory, { recursive: true });
    }
  });

  /** What a person would miss; not who had it open last, nor SQLite's index of the log, which is made anew. */
  async function contentsOf(directory: string): Promise<Record<string, string>> {
    const names = await readdir(directory, { recursive: true, withFileTypes: true });
    const contents: Record<string, string> = {};
    for (const entry of names) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || /objects\.(pid|lock|db-shm)/.test(entry.name)) continue;
      contents[path] = (await readFile(path)).toString('base64');
    }
    return contents;
  }
});

describe('a graceful end', () => {
  test('requests under way are answered, watches end, the port is free at once, and all is there after it', async (t) => {
    const leftovers = new Leftovers(t);
    const directory = join(await leftovers.folder(), 'plane');
    const port = await lastingPort();
    const plane = await leftovers.plane({ directory, port });
    const connection = readKubeconfig(plane.kubeconfig);
    const clients = Array.from({ length: 4 }, () => new ApiClient(connection));
    const watched = clients.map((client) => client.watch(`${CONFIG_MAPS}?watch=1`, () => {}));
    for (const watching of watched) assert.equal(await watching.status, 200);
    const idle = await RawConnection.open(connection);
    const slow = await RawConnection.open(connection);
    const body = configMap('slow');
    const head = `POST ${CONFIG_MAPS} HTTP/1.1\r\nHost: varve\r\nContent-Length: ${body.length}\r\n\r\n`;
    slow.send(head + body.slice(0, 20));
    await pause(100);

    const ended = plane.stop();
    await Promise.all(watched.map((watching) => watching.ended));
    slow.send(body.slice(20));
    await slow.ended;
    assert.match(slow.received, /^HTTP\/1\.1 201 /);
    await idle.ended;
    assert.equal(await ended, 0);
    for (const client of clients) client.close();

    const next = await leftovers.plane({ directory, port });
    await withClient(next, async (client) => {
      assert.equal((await client.request('GET', `${CONFIG_MAPS}/slow`)).status, 200);
    });
    assert.equal(plane.stderr, '');
  });

  test('what is there after it is what was acknowledged: no write that is made goes unanswered, and none is lost', async (t) => {
    const leftovers = new Leftovers(t);
    const directory = join(await leftovers.folder(), 'plane');
    const plane = await leftovers.plane({ directory });
    const acknowledged: string[] = [];
    await withClient(plane, async (client) => {
      const writes = Array.from({ length: 300 }, async (_, index) => {
        const { status } = await client.request('POST', CONFIG_MAPS, configMap(`w-${index}`));
        if (status === 201) acknowledged.push(`w-${index}`);
        return status;
      });
      await Promise.race(writes);
      assert.equal(await plane.stop(), 0);
      // What the server had not read yet may break; it is not there either.
      for (const write of await Promise.allSettled(writes)) {
        if (write.status === 'fulfilled') assert.ok([201, 429].includes(write.value), String(write.value));
      }
    });
    assert.ok(acknowledged.length > 0);
    const next = await leftovers.plane({ directory });
    const list = await withClient(next, (client) => client.request('GET', CONFIG_MAPS));
    const { items } = JSON.parse(list.body.toString()) as { items: { metadata: { name: string } }[] };
    const there = items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('w-'));
    assert.deepEqual(there.toSorted(), acknowledged.toSorted());
  });
});
