import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStore } from './open-store.ts';
import type { Change, ObjectKey, Store } from './store.ts';

/** Part of the tests: what is written, killed and verified. As a program it is the process that gets killed. */

export interface CrashTrials {
  readonly directory: string;
  readonly kills: number;
  /** A number below 1 that says how long the next process lives. */
  readonly random: () => number;
}

/** What {@link runCrashTrials} found; anything in `problems` is a defect of the store. */
export interface CrashReport {
  readonly acknowledged: number;
  /** How many kills hit a process that had written. */
  readonly effective: number;
  readonly problems: readonly string[];
}

/**
 * Starts a process that writes as much as it can, kills it with SIGKILL at a random moment, from before the database exists on,
 * and verifies what is on disk against what was acknowledged; again and again on the same directory.
 */
export async function runCrashTrials({ directory, kills, random }: CrashTrials): Promise<CrashReport> {
  /** By key: how often it was written, as far as was acknowledged. */
  const acknowledged = new Map<string, Acknowledged>();
  const problems: string[] = [];
  let effective = 0;
  let mirror: Mirror = { revision: 1, objects: new Map() };
  for (let kill = 0; kill < kills; kill++) {
    // Every other process dies while it opens the store, the rest while they write.
    const life = kill % 2 === 0 ? { from: OPENING, for: 60 * random() } : { from: '\n', for: 150 * random() };
    const lines = await runUntilKilled(directory, life);
    if (lines.length > 0) effective++;
    for (const line of lines) {
      const [key = '', count, revision] = line.split(' ');
      acknowledged.set(key, { count: Number(count), revision: Number(revision) });
    }
    const store = open(directory);
    try {
      mirror = resume(mirror, store);
      problems.push(...verify(store, acknowledged, mirror).map((problem) => `kill ${kill}: ${problem}`));
      // What was written and not acknowledged counts from now on.
      for (const [key, entry] of storedCounts(store)) acknowledged.set(key, entry);
    } finally {
      store.close();
    }
  }
  return {
    acknowledged: [...acknowledged.values()].reduce((sum, { count }) => sum + count, 0),
    effective,
    problems,
  };
}

interface Acknowledged {
  readonly count: number;
  readonly revision: number;
}

/** What one who watches from the first revision on has. */
interface Mirror {
  readonly revision: number;
  readonly objects: ReadonlyMap<string, string>;
}

const WRITERS = 16;
const STORAGE = 'pods';
const TWINS = 'twins';
/** What the process says before it opens the store; then come lines. */
const OPENING = 'opening ';

/** With a short history, so that kills also hit the forgetting of it. */
function open(directory: string): Store {
  return openStore({ directory, history: { size: 4 << 20 } });
}

/** The object of a writer; its twin is written in the same transaction. */
function keysOf(writer: number): readonly [ObjectKey, ObjectKey] {
  const name = `writer-${writer}`;
  return [
    { storage: STORAGE, namespace: `ns-${writer % 3}`, name },
    { storage: TWINS, namespace: '', name },
  ];
}

/** The text that a writer writes at its nth time: of any size between nothing and many pages. */
function textOf(writer: number, count: number): string {
  const size = (count * 7_919 + writer * 104_729) % (count % 20 === 0 ? 50_000 : 6_000);
  return `${count} ${`${writer}.${count};`.repeat(Math.ceil(size / 8))}`;
}

function countOf(text: string): number {
  return Number(text.slice(0, text.indexOf(' ')));
}

/**
 * @param life from which output on and for how many milliseconds the process may run
 * @returns what it has acknowledged
 */
async function runUntilKilled(
  directory: string,
  life: { readonly from: string; readonly for: number },
): Promise<string[]> {
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(import.meta.url), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let output = '';
  const alive = Promise.withResolvers<void>();
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.includes(life.from)) alive.resolve();
  });
  await Promise.race([alive.promise.then(() => sleep(life.for)), closed]);
  child.kill('SIGKILL');
  const [code] = (await closed) as [number | null];
  if (code !== null) throw new Error(`the writing process ended by itself with code ${code}`);
  return output.slice(OPENING.length).split('\n').slice(0, -1);
}

/** Brings a watcher's state up to date by the changes alone, or anew if they are forgotten. */
function resume(mirror: Mirror, store: Store): Mirror {
  if (mirror.revision < store.compacted) {
    const listed = [...store.list(STORAGE), ...store.list(TWINS)];
    return {
      revision: store.revision,
      objects: new Map(listed.map(({ storage, name, text }) => [`${storage}/${name}`, text])),
    };
  }
  const objects = new Map(mirror.objects);
  const changes: Change[] = [];
  for (const storage of [STORAGE, TWINS]) changes.push(...store.changes(storage, mirror.revision, Infinity));
  for (const { type, object } of changes) {
    const key = `${object.storage}/${object.name}`;
    if (type === 'deleted') objects.delete(key);
    else objects.set(key, object.text);
  }
  return { revision: store.revision, objects };
}

function verify(store: Store, acknowledged: ReadonlyMap<string, Acknowledged>, mirror: Mirror): string[] {
  const problems: string[] = [];
  let objects = 0;
  for (let writer = 0; writer < WRITERS; writer++) {
    const [key, twinKey] = keysOf(writer);
    const object = store.get(key);
    const twin = store.get(twinKey);
    const { count: least, revision } = acknowledged.get(key.name) ?? { count: 0, revision: 0 };
    const count = object === undefined ? 0 : countOf(object.text);
    if (count !== least && count !== least + 1)
      problems.push(`${key.name} was acknowledged ${least} times and has ${count}`);
    if (count > 0 && count === least && object?.revision !== revision)
      problems.push(`${key.name} was acknowledged at ${revision} and has ${object?.revision}`);
    if (object !== undefined && object.text !== textOf(writer, count))
      problems.push(`${key.name} is not what was written at count ${count}`);
    // The twin is there after odd counts only: each transaction also inserts or deletes.
    if ((twin === undefined ? undefined : countOf(twin.text)) !== (count % 2 === 1 ? count : undefined))
      problems.push(`${key.name} has ${count}, and its twin ${twin?.text.slice(0, 10)}`);
    for (const found of [object, twin]) {
      if (found === undefined) continue;
      objects++;
      if (mirror.objects.get(`${found.storage}/${found.name}`) !== found.text)
        problems.push(`the watcher missed ${found.storage} ${found.name}`);
    }
  }
  if (mirror.objects.size !== objects)
    problems.push(`the watcher has ${mirror.objects.size} of ${objects} objects`);
  if (store.count(STORAGE) + store.count(TWINS) !== objects) problems.push('there are objects of nobody');
  return problems;
}

function storedCounts(store: Store): [string, Acknowledged][] {
  return store.list(STORAGE).map(({ name, text, revision }) => [name, { count: countOf(text), revision }]);
}

/** Writes until it is killed; says what was acknowledged, one line each, at once. */
async function writeForEver(directory: string): Promise<never> {
  writeSync(1, OPENING);
  const store = open(directory);
  const writers = Array.from({ length: WRITERS }, async (_, writer): Promise<never> => {
    const [key, twin] = keysOf(writer);
    const stored = store.get(key);
    for (let count = stored === undefined ? 1 : countOf(stored.text) + 1; ; count++) {
      const record = { text: textOf(writer, count), labels: { count: String(count) }, fields: {} };
      const { revision } = await store.transact(() => {
        if (count % 2 === 1) store.put(twin, () => record);
        else store.delete(twin, () => record);
        return store.put(key, () => record);
      });
      writeSync(1, `${key.name} ${count} ${revision}\n`);
    }
  });
  return Promise.race(writers);
}

const [, , directory] = process.argv;
if (import.meta.main && directory !== undefined) await writeForEver(directory);
