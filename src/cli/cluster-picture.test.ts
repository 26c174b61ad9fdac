import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  API_VERSION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
  type MachineConfigNode,
} from '../api/index.ts';
import type { PoolNode } from '../controllers/index.ts';
import { clusterPicture, type ClusterPicture } from './cluster-picture.ts';
import { changeLines, pictureLines } from './picture-text.ts';
import type { RolloutObjects } from './rollout-objects.ts';
import { build, IMAGE, MADE, NOW, osConfig, pool } from './status-objects.ts';
import { explain, explanationText, readAsked } from './why.ts';

const CONFIGURATION = 'rendered-worker-1';
const OLD = `registry.example.com/os@sha256:${'0'.repeat(64)}`;

function node(name: string, image: string, more: Partial<PoolNode['spec']> = {}): PoolNode {
  return {
    metadata: {
      name,
      resourceVersion: '1',
      creationTimestamp: MADE,
      labels: { 'node-role.kubernetes.io/worker': '' },
      annotations: {
        [CURRENT_CONFIG_ANNOTATION]: CONFIGURATION,
        [DESIRED_CONFIG_ANNOTATION]: CONFIGURATION,
        [CURRENT_IMAGE_ANNOTATION]: image,
        [DESIRED_IMAGE_ANNOTATION]: image,
        [STATE_ANNOTATION]: 'Done',
      },
    },
    spec: more,
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

function objects(more: Partial<RolloutObjects> = {}): RolloutObjects {
  const nodeSelector = { matchLabels: { 'node-role.kubernetes.io/worker': '' } };
  const given = pool({ spec: { nodeSelector }, status: { updatedMachineCount: 1 } });
  return {
    pools: [{ ...given, metadata: { ...given.metadata, resourceVersion: '7' } }],
    osConfigs: [osConfig(IMAGE)],
    osBuilds: [build('Succeeded', { status: { digestedImagePushSpec: IMAGE } })],
    nodes: [node('n1', IMAGE), node('n2', OLD), node('n3', OLD, { unschedulable: true })],
    machineConfigNodes: [],
    machineConfigs: [],
    machineConfigurations: [],
    controlPlanePods: [],
    ...more,
  };
}

/** @param isBegun whether the node is cordoned for it already */
function draining(isBegun = true): RolloutObjects {
  const target = node('n2', OLD, isBegun ? { unschedulable: true } : {});
  const annotations = {
    ...(isBegun ? { 'varve.dev/cordon': 'Own' } : {}),
    ...target.metadata.annotations,
    [DESIRED_IMAGE_ANNOTATION]: IMAGE,
    [STATE_ANNOTATION]: 'Working',
    'machineconfiguration.openshift.io/desiredDrain': `drain-${CONFIGURATION}`,
    'machineconfiguration.openshift.io/lastAppliedDrain': `uncordon-${CONFIGURATION}`,
    'varve.dev/disruption-lease': '{"holder":"varve"}',
    'varve.dev/permit': '{"id":"1","told":"2026-01-01T00:04:00.000Z"}',
  };
  const machineConfigNode: MachineConfigNode = {
    apiVersion: API_VERSION,
    kind: 'MachineConfigNode',
    metadata: { name: 'n2' },
    spec: { node: { name: 'n2' }, pool: { name: 'worker' }, configVersion: { desired: CONFIGURATION } },
    status: {
      conditions: [
        {
          type: 'Drained',
          status: 'Unknown',
          reason: 'DrainInProgress',
          message: 'pod default/web-0 is kept by PodDisruptionBudget default/web',
          lastTransitionTime: MADE,
        },
      ],
    },
  };
  const permits = { 'varve.dev/permits': '{"n2":{"id":"1","since":"2026-01-01T00:04:00.000Z"}}' };
  const [first] = objects().pools;
  return objects({
    pools: first === undefined ? [] : [{ ...first, metadata: { ...first.metadata, annotations: permits } }],
    nodes: [node('n1', IMAGE), { ...target, metadata: { ...target.metadata, annotations } }, node('n3', OLD)],
    machineConfigNodes: [machineConfigNode],
  });
}

function picture(given: RolloutObjects): ClusterPicture {
  return clusterPicture(given, NOW);
}

function explanation(given: ClusterPicture, what: string): string {
  const answer = explain(given, readAsked(what));
  assert.ok(answer !== undefined);
  return explanationText(answer);
}

describe('clusterPicture()', () => {
  test('says of each node where it is, as the rollout engine has it', () => {
    const { nodes, pools } = picture(objects());
    assert.deepEqual(
      nodes.map(({ name, progress, reason }) => [name, progress, reason]),
      [
        ['n1', 'updated', 'Updated'],
        ['n2', 'waiting', 'MaxUnavailable'],
        ['n3', 'stuck', 'CordonedByPerson'],
      ],
    );
    assert.equal(pools[0]?.image, IMAGE);
  });

  test('has the drain say what keeps it', () => {
    const found = picture(draining()).nodes.find(({ name }) => name === 'n2');
    assert.equal(found?.reason, 'Draining');
    assert.equal(found?.drain, 'pod default/web-0 is kept by PodDisruptionBudget default/web');
  });

  test('has a pool that waits for its build say so, and not its nodes', () => {
    const { pools } = picture(objects({ osBuilds: [build('Building')], osConfigs: [osConfig()] }));
    assert.equal(pools[0]?.state, 'waiting');
    assert.match(pools[0]?.message ?? '', /^waits for build worker-1/u);
  });

  test('has a paused pool say that it is paused, and how to go on', () => {
    const given = objects();
    const [first] = given.pools;
    const paused = first === undefined ? [] : [{ ...first, spec: { ...first.spec, paused: true } }];
    const found = picture({ ...given, pools: paused });
    const { pools } = found;
    assert.equal(pools[0]?.state, 'paused');
    const lines = pictureLines(found, { columns: 120, rows: 40 }, NOW).join('\n');
    assert.match(lines, /^n2 +worker +paused/mu);
    assert.match(explanation(found, 'worker'), /^ {2}n2 \(paused\): /mu);
    assert.match(explanation(found, 'n2'), /^ {2}state +paused \(PoolPaused\)$/mu);
    assert.match(pools[0]?.message ?? '', /is paused: set spec\.paused to false to go on/u);
  });
});

describe('explain()', () => {
  test('answers one sentence about a node, which names what keeps its drain', () => {
    const answer = explain(picture(draining()), readAsked('n2'));
    assert.equal(
      answer?.message,
      'Node n2 is being drained: pod default/web-0 is kept by PodDisruptionBudget default/web',
    );
    assert.match(
      answer === undefined ? '' : explanationText(answer),
      /^Node n2 .*\.\n {2}state +updating \(Draining\)\n/u,
    );
  });

  test('does not say of a node that it is being drained before it is', () => {
    const answer = explain(picture(draining(false)), readAsked('n2'));
    assert.equal(
      answer?.message,
      'Node n2 is to be drained: pod default/web-0 is kept by PodDisruptionBudget default/web',
    );
  });

  test('names of a pool the nodes that are behind, each with its sentence', () => {
    const answer = explain(picture(objects()), readAsked('pool/worker'));
    assert.deepEqual(
      answer?.nodes.map(({ name }) => name),
      ['n2', 'n3'],
    );
    assert.match(answer?.nodes[1]?.message ?? '', /^Node n3 is cordoned by a person/u);
  });

  test('knows nothing of what is not there', () => {
    assert.equal(explain(picture(objects()), readAsked('n9')), undefined);
    assert.equal(explain(picture(objects()), readAsked('node/worker')), undefined);
    assert.equal(explain(picture(objects()), readAsked('pool/n1')), undefined);
    for (const what of ['n1', 'node/n1', 'Node/n1', 'mcn/n1', 'machineconfignode/n1'])
      assert.equal(explain(picture(objects()), readAsked(what))?.kind, 'Node', what);
    for (const what of ['pod/n1', 'poolnode/n1', 'n1/', '/n1', 'node/n1/x'])
      assert.equal(explain(picture(objects()), readAsked(what)), undefined, what);
  });
});

describe('pictureLines()', () => {
  for (const columns of [20, 60, 80, 120])
    test(`fit ${columns} columns, whatever they say`, () => {
      const lines = pictureLines(picture(draining()), { columns, rows: 40 }, NOW);
      assert.ok(lines.every((line) => line.length <= columns));
      assert.ok(lines.some((line) => line.startsWith('n2')));
    });

  test('fit the rows: who needs somebody comes first, the rest is counted', () => {
    const nodes = Array.from({ length: 50 }, (_, index) => node(`n${index}`, IMAGE));
    const lines = pictureLines(
      picture(objects({ nodes: [...nodes, node('x', OLD, { unschedulable: true })] })),
      { columns: 100, rows: 20 },
      NOW,
    );
    assert.ok(lines.length < 20);
    const head = lines.findIndex((line) => line.startsWith('NODE'));
    assert.match(lines[head + 1] ?? '', /^x +worker +stuck/u);
    assert.match(lines.at(-1) ?? '', /^and \d+ updated$/u);
  });
});

describe('changeLines()', () => {
  test('tell all at first, then only what is news', () => {
    const before = picture(objects());
    assert.equal(changeLines(undefined, before).length, 5);
    assert.deepEqual(changeLines(before, before), []);
    const news = changeLines(before, picture(draining()));
    assert.ok(
      news.includes(
        'node n2 draining: is being drained: pod default/web-0 is kept by PodDisruptionBudget default/web',
      ),
      news.join('\n'),
    );
    assert.ok(!news.some((line) => line.startsWith('node n1') || line.startsWith('build')));
  });
});
