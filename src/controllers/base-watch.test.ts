import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../kube/index.ts';
import { OciError, parseReference } from '../oci/index.ts';
import type { ResolvedBaseName } from '../osbuild/index.ts';
import { BaseWatch, type BaseAnswer, type BaseRequest } from './base-watch.ts';
import { registryOf, REPOSITORY } from './test-images.ts';

const FRESH = 60_000;

interface Lab {
  readonly clock: FakeClock;
  readonly watch: BaseWatch;
  /** What the registry says next. */
  says: ResolvedBaseName | Error;
  asked: number;
  /** Asks, lets the registry answer, and asks again. */
  baseOf(request?: Partial<BaseRequest>): Promise<BaseAnswer>;
}

function open(): Lab {
  const clock = new FakeClock();
  const registry = registryOf({
    resolveBase: async () => {
      lab.asked += 1;
      await Promise.resolve();
      if (lab.says instanceof Error) throw lab.says;
      return lab.says;
    },
  });
  const lab: Lab = {
    clock,
    watch: new BaseWatch({ clock, longestPause: 1000, onNews: () => {} }),
    says: named('1'),
    asked: 0,
    baseOf: async (more = {}) => {
      const request = {
        pool: 'worker',
        osImageURL: 'registry.example.com/os:latest',
        push: parseReference(REPOSITORY),
        rendered: 'rendered-worker-1',
        registry,
        accessKey: 'k',
        ...more,
      };
      lab.watch.baseOf(request, FRESH);
      await clock.advance(0);
      return lab.watch.baseOf(request, FRESH);
    },
  };
  return lab;
}

function named(digit: string): ResolvedBaseName {
  return { base: `registry.example.com/os@sha256:${digit.repeat(64)}`, isExternal: false };
}

const DOWN = new OciError('unreachable', 'cannot reach it');
const FAILURE = { reason: 'RegistryUnreachable', message: 'cannot reach it' } as const;

test('baseOf() asks once for a configuration, and again when what it knows is old', async () => {
  const lab = open();
  assert.deepEqual(await lab.baseOf(), { kind: 'known', base: named('1') });
  lab.says = named('2');
  assert.deepEqual(await lab.baseOf(), { kind: 'known', base: named('1') });
  assert.equal(lab.asked, 1);
  await lab.clock.advance(FRESH + 1);
  assert.deepEqual(await lab.baseOf(), { kind: 'known', base: named('2') });
});

test('baseOf() asks for each new configuration, and with other credentials', async () => {
  const lab = open();
  await lab.baseOf();
  await lab.baseOf({ rendered: 'rendered-worker-2' });
  await lab.baseOf({ rendered: 'rendered-worker-2', accessKey: 'l' });
  assert.equal(lab.asked, 3);
});

test('baseOf() keeps what a registry said last of the same image', async () => {
  const lab = open();
  await lab.baseOf();
  lab.says = DOWN;
  const known = { kind: 'known', base: named('1'), failure: FAILURE };
  assert.deepEqual(await lab.baseOf({ rendered: 'rendered-worker-2' }), known);
  const unknown = { kind: 'unknown', failure: FAILURE };
  assert.deepEqual(await lab.baseOf({ osImageURL: 'registry.example.com/os:next' }), unknown);
  assert.deepEqual(await lab.baseOf({ push: parseReference('registry.example.com/other') }), unknown);
  assert.deepEqual(await lab.baseOf({ pool: 'infra' }), unknown);
});

test('baseOf() says why it does not know, and knows after another try', async () => {
  const lab = open();
  lab.says = DOWN;
  assert.deepEqual(await lab.baseOf(), { kind: 'unknown', failure: FAILURE });
  lab.says = named('1');
  await lab.clock.advance(2000);
  assert.deepEqual(await lab.baseOf(), { kind: 'known', base: named('1') });
});

test('baseOf() is asking until there is an answer, and forgets a pool that leaves', async () => {
  const lab = open();
  await lab.baseOf();
  lab.watch.forget('worker');
  lab.says = DOWN;
  assert.deepEqual(await lab.baseOf(), { kind: 'unknown', failure: FAILURE });
  await lab.watch.close();
  assert.equal(lab.clock.pending, 0);
});
