import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeCluster } from './cluster-summary.ts';
import { build, IMAGE, MADE, NOW, osConfig, pool } from './status-objects.ts';
import { statusText } from './status-text.ts';

const ENDED = { buildStart: '2026-01-01T00:01:00Z', buildEnd: '2026-01-01T00:01:02Z' };

test('summarizeCluster() has every build, with what is known of it', () => {
  const { builds } = summarizeCluster(
    {
      pools: [pool()],
      osConfigs: [osConfig(IMAGE)],
      osBuilds: [
        build('Failed', {
          name: 'worker-0',
          configuration: 'rendered-worker-0',
          reason: 'RegistryRefused',
          message: 'Build Failed: no',
          status: ENDED,
        }),
        build('Succeeded', { status: { ...ENDED, digestedImagePushSpec: IMAGE } }),
        build(undefined, { name: 'worker-2' }),
        build('Building', { name: 'worker-3', status: { buildStart: '2026-01-01T00:04:58Z' } }),
      ],
    },
    NOW,
  );
  const common = {
    pool: 'worker',
    created: MADE,
    image: null,
    builder: null,
    reason: null,
    message: null,
  };
  const none = { inForce: false, started: null, ended: null, seconds: null };
  assert.deepEqual(builds, [
    {
      ...common,
      name: 'worker-0',
      configuration: 'rendered-worker-0',
      state: 'failed',
      inForce: false,
      started: ENDED.buildStart,
      ended: ENDED.buildEnd,
      seconds: 2,
      reason: 'RegistryRefused',
      message: 'Build Failed: no',
    },
    {
      ...common,
      name: 'worker-1',
      configuration: 'rendered-worker-1',
      state: 'succeeded',
      inForce: true,
      started: ENDED.buildStart,
      ended: ENDED.buildEnd,
      seconds: 2,
      image: IMAGE,
    },
    { ...common, ...none, name: 'worker-2', configuration: 'rendered-worker-1', state: 'none' },
    {
      ...common,
      ...none,
      name: 'worker-3',
      configuration: 'rendered-worker-1',
      state: 'building',
      started: '2026-01-01T00:04:58Z',
      seconds: 2,
    },
  ]);
});

test('summarizeCluster() names the conditions that are wrong, the sum of them only where it stands alone', () => {
  const problem = { kind: 'MachineConfigPool', name: 'worker', reason: '', since: MADE };
  const of = (conditions: Readonly<Record<string, string>>): readonly object[] =>
    summarizeCluster({ pools: [pool({ conditions })], osConfigs: [], osBuilds: [] }, NOW).problems;
  assert.deepEqual(of({ Updated: 'all', Updating: '' }), []);
  assert.deepEqual(of({ RenderDegraded: 'a', Degraded: 'a' }), [
    { ...problem, type: 'RenderDegraded', message: 'a' },
  ]);
  assert.deepEqual(of({ Degraded: 'b' }), [{ ...problem, type: 'Degraded', message: 'b' }]);
  assert.deepEqual(of({ RolloutHalted: 'c', Degraded: 'b' }), [
    { ...problem, type: 'RolloutHalted', message: 'c' },
    { ...problem, type: 'Degraded', message: 'b' },
  ]);
});

test('summarizeCluster() names a build that failed while somebody waits for it, and no other', () => {
  const { problems } = summarizeCluster(
    {
      pools: [pool()],
      osConfigs: [osConfig()],
      osBuilds: [
        build('Failed', { reason: 'SecretInvalid', message: 'Build Failed: no' }),
        build('Failed', { name: 'worker-0', configuration: 'rendered-worker-0' }),
      ],
    },
    NOW,
  );
  assert.deepEqual(problems, [
    {
      kind: 'MachineOSBuild',
      name: 'worker-1',
      type: 'Failed',
      reason: 'SecretInvalid',
      message: 'Build Failed: no',
      since: MADE,
    },
  ]);
});

test('statusText() is a table with a sentence for each pool, the builds, and what was not said yet', () => {
  const summary = summarizeCluster(
    {
      pools: [
        pool({ conditions: { NodeDegraded: 'Node a is reporting: "full"' } }),
        { ...pool({ status: { machineCount: 0 } }), metadata: { name: 'arbiter' } },
      ],
      osConfigs: [osConfig(IMAGE)],
      osBuilds: [
        build('Failed', { name: 'worker-0', configuration: 'rendered-worker-0', reason: 'RegistryRefused' }),
        build('Succeeded', { status: { ...ENDED, digestedImagePushSpec: IMAGE } }),
      ],
    },
    NOW,
  );
  assert.equal(
    statusText(summary, NOW),
    [
      'POOL     STATE     CONFIGURATION      IMAGE BUILD  IMAGE         NODES UPDATED',
      'arbiter  updated   rendered-worker-1  off          -             0/0',
      '    is not in image mode and has no nodes; create a MachineOSConfig named arbiter to build its image',
      'worker   degraded  rendered-worker-1  succeeded    ab12ab12ab12  0/3',
      '    Node a is reporting: "full"',
      '',
      'BUILD       POOL    STATE      AGE  TOOK  IMAGE OR REASON',
      '  worker-0  worker  failed     5m   -     RegistryRefused',
      '* worker-1  worker  succeeded  5m   2s    ab12ab12ab12',
      '  * is what the nodes of its pool get, or wait for',
      '',
    ].join('\n'),
  );
});

test('statusText() shows the newest builds and says how many there are beside them', () => {
  const osBuilds = Array.from({ length: 15 }, (_, index) => build('Prepared', { name: `worker-${index}` }));
  const text = statusText(summarizeCluster({ pools: [pool()], osConfigs: [], osBuilds }, NOW), NOW);
  assert.equal(text.match(/^  worker-/gm)?.length, 12);
  assert.match(text, /^ {2}and 3 older; --output json has all$/m);
});

test('statusText() of a cluster without pools says what makes one', () => {
  const summary = summarizeCluster({ pools: [], osConfigs: [], osBuilds: [] }, NOW);
  assert.equal(
    statusText(summary, NOW),
    'There are no MachineConfigPools; kubectl apply -f examples/pool-layered.yaml makes one.\n',
  );
});
