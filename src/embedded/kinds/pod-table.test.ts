import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../schema/index.ts';
import { podTable } from './pod-table.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');

function status(pod: JsonObject): unknown[] {
  const object = {
    metadata: { name: 'p', creationTimestamp: '2026-11-20T11:00:00Z' },
    spec: { containers: [{ name: 'a' }, { name: 'b' }] },
    ...pod,
  };
  return podTable.cells(object, NOW).slice(1, 4);
}

test('one line says how a pod is', () => {
  const running = { ready: true, restartCount: 0, state: { running: {} } };
  const table: [string, JsonObject, unknown[]][] = [
    ['new', { status: { phase: 'Pending' } }, ['0/2', 'Pending', '0']],
    [
      'gated',
      { status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated' }] } },
      ['0/2', 'SchedulingGated', '0'],
    ],
    [
      'running',
      {
        status: {
          phase: 'Running',
          containerStatuses: [
            { name: 'a', ...running },
            { name: 'b', ...running },
          ],
        },
      },
      ['2/2', 'Running', '0'],
    ],
    [
      'waiting',
      {
        status: {
          phase: 'Pending',
          containerStatuses: [{ name: 'a', state: { waiting: { reason: 'ImagePullBackOff' } } }],
        },
      },
      ['0/2', 'ImagePullBackOff', '0'],
    ],
    [
      'crashed',
      {
        status: {
          phase: 'Running',
          containerStatuses: [
            {
              name: 'a',
              restartCount: 3,
              state: { terminated: { exitCode: 2 } },
              lastState: { terminated: { finishedAt: '2026-11-20T11:58:00Z' } },
            },
          ],
        },
      },
      ['0/2', 'ExitCode:2', '3 (2m ago)'],
    ],
    [
      'killed',
      {
        status: {
          phase: 'Failed',
          containerStatuses: [{ name: 'a', state: { terminated: { signal: 9, exitCode: 137 } } }],
        },
      },
      ['0/2', 'Signal:9', '0'],
    ],
    [
      'partly done',
      {
        status: {
          phase: 'Running',
          containerStatuses: [
            { name: 'a', state: { terminated: { reason: 'Completed' } } },
            { name: 'b', ...running },
          ],
        },
      },
      ['1/2', 'NotReady', '0'],
    ],
    [
      'initializing',
      {
        spec: { initContainers: [{ name: 'i' }, { name: 'j' }], containers: [{ name: 'a' }] },
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', state: { terminated: { exitCode: 0 } } },
            { name: 'j', state: { running: {} } },
          ],
        },
      },
      ['0/1', 'Init:1/2', '0'],
    ],
    [
      'failed to initialize',
      {
        spec: { initContainers: [{ name: 'i' }], containers: [{ name: 'a' }] },
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', restartCount: 1, state: { terminated: { exitCode: 1, reason: 'Error' } } },
          ],
        },
      },
      ['0/1', 'Init:Error', '1'],
    ],
    [
      'with a sidecar',
      {
        spec: { initContainers: [{ name: 'i', restartPolicy: 'Always' }], containers: [{ name: 'a' }] },
        status: {
          phase: 'Running',
          initContainerStatuses: [{ name: 'i', started: true, ready: true, state: { running: {} } }],
          containerStatuses: [{ name: 'a', ...running }],
        },
      },
      ['2/2', 'Running', '0'],
    ],
    ['evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, ['0/2', 'Evicted', '0']],
    [
      'going',
      { metadata: { name: 'p', deletionTimestamp: '2026-11-20T11:00:00Z' }, status: { phase: 'Running' } },
      ['0/2', 'Terminating', '0'],
    ],
    [
      'lost',
      {
        metadata: { name: 'p', deletionTimestamp: '2026-11-20T11:00:00Z' },
        status: { phase: 'Running', reason: 'NodeLost' },
      },
      ['0/2', 'Unknown', '0'],
    ],
    [
      'gone',
      { metadata: { name: 'p', deletionTimestamp: '2026-11-20T11:00:00Z' }, status: { phase: 'Succeeded' } },
      ['0/2', 'Succeeded', '0'],
    ],
  ];
  for (const [name, pod, expected] of table) assert.deepEqual(status(pod), expected, name);
});

test('what is wide has a word for nothing', () => {
  assert.deepEqual(podTable.cells({}, NOW), [
    '',
    '0/0',
    '',
    '0',
    '<unknown>',
    '<none>',
    '<none>',
    '<none>',
    '<none>',
  ]);
});
