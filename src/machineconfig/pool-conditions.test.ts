import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { poolConditions, renderCondition } from './pool-conditions.ts';
import { IMAGE, build, osConfig } from './test-builds.ts';
import { pool, renderInfra } from './test-objects.ts';
import type { BuildState, Condition, MachineConfigPool } from '../api/index.ts';
import type { PoolFacts } from './pool-conditions.ts';

type Conditions = NonNullable<NonNullable<MachineConfigPool['status']>['conditions']>;

const DONE = { total: 3, updated: 3, ready: 3, unavailable: 0 };
const HALF = { total: 3, updated: 1, ready: 1, unavailable: 1 };
const TARGET = 'MachineConfig rendered-infra-1';

function target(
  more: Partial<MachineConfigPool['spec']> = {},
  conditions: Conditions = [],
): MachineConfigPool {
  return {
    ...pool('infra', { configuration: { name: 'rendered-infra-1' }, ...more }),
    status: { conditions },
  };
}

function facts(more: Partial<PoolFacts> = {}): PoolFacts {
  return {
    pool: target(),
    nodes: HALF,
    degradedNodes: [],
    pinnedImageSetNodes: [],
    buildProblem: '',
    ...more,
  };
}

/** The same before anybody has looked whether builds can be made. */
function unseen(given: PoolFacts): PoolFacts {
  const { buildProblem: _, ...rest } = given;
  return rest;
}

/** `status reason: message` of one condition. */
function said(type: string, given: PoolFacts): string {
  const found = poolConditions(given).find((condition) => condition.type === type);
  return found === undefined ? 'absent' : show(found);
}

function show({ status, reason, message }: Condition): string {
  return `${status} ${reason}: ${message}`;
}

const TRUE = 'True : ';
const FALSE = 'False : ';
const layered = { osConfig: osConfig() };
const paused = { pool: target({ paused: true }) };
const bad = { degradedNodes: [{ name: 'n1', reason: 'disk "full"' }] };

// Contract §3.7, in the order of its rows.
const SENTENCES: Readonly<Record<string, [string, PoolFacts, string]>> = {
  'all nodes are updated': ['Updated', facts({ nodes: DONE }), `${TRUE}All nodes are updated with ${TARGET}`],
  'all nodes are updated with an image': [
    'Updated',
    facts({ nodes: DONE, osConfig: osConfig(IMAGE), build: build('succeeded', { image: IMAGE }) }),
    `${TRUE}All nodes are updated with ${TARGET} / Image ${IMAGE}`,
  ],
  'all nodes of a pool without nodes are updated': [
    'Updated',
    facts({ nodes: { total: 0, updated: 0, ready: 0, unavailable: 0 } }),
    `${TRUE}All nodes are updated with ${TARGET}`,
  ],
  'some are not': ['Updated', facts(), FALSE],
  'one is not ready': ['Updated', facts({ nodes: { ...DONE, ready: 2 } }), FALSE],
  'one is out of service': ['Updated', facts({ nodes: { ...DONE, unavailable: 1 } }), FALSE],
  'a build is active': ['Updated', facts({ nodes: DONE, ...layered, build: build('building') }), FALSE],
  'a build failed': ['Updated', facts({ nodes: DONE, ...layered, build: build('failed') }), FALSE],
  'a build is not handed to the nodes yet': [
    'Updated',
    facts({ nodes: DONE, ...layered, build: build('succeeded', { image: IMAGE }) }),
    FALSE,
  ],
  'nothing was rendered yet': ['Updated', facts({ pool: pool('infra'), nodes: DONE }), FALSE],

  'nodes are updating': ['Updating', facts(), `${TRUE}All nodes are updating to ${TARGET}`],
  'no node is updating once all are updated': ['Updating', facts({ nodes: DONE }), FALSE],
  'a paused pool is not': ['Updating', facts(paused), `${FALSE}Pool is paused; will not update to ${TARGET}`],
  'a pool that was never rendered waits': [
    'Updating',
    facts({ pool: pool('infra') }),
    `${FALSE}Pool has no rendered configuration yet`,
  ],
  'layered, no build': [
    'Updating',
    facts(layered),
    `${TRUE}Pool is waiting for a new OS image build to start (mosc: infra)`,
  ],
  'layered, broken otherwise': [
    'Updating',
    facts({ ...layered, ...bad, build: build('building') }),
    `${FALSE}Pool update paused due to degraded condition`,
  ],
  'layered, not rendered': [
    'Updating',
    facts({ ...layered, pool: target({}, [{ type: 'RenderDegraded', status: 'True' }]) }),
    `${FALSE}Pool update paused due to degraded condition`,
  ],
  'layered, paused, no build': [
    'Updating',
    facts({ ...layered, ...paused }),
    `${TRUE}Pool is paused; waiting for a new OS image build to start (mosc: infra)`,
  ],
  'layered, paused and broken otherwise': [
    'Updating',
    facts({ ...layered, ...paused, ...bad, build: build('building') }),
    `${TRUE}Pool is paused; OS image build in progress (mosb: infra-1)`,
  ],
  'layered and all done': [
    'Updating',
    facts({ nodes: DONE, osConfig: osConfig(IMAGE), build: build('succeeded', { image: IMAGE }) }),
    FALSE,
  ],

  'a node is degraded': [
    'NodeDegraded',
    facts(bad),
    'True 1 nodes are reporting degraded status on sync: Node n1 is reporting: "disk \\"full\\""',
  ],
  'two nodes are degraded, one without a word': [
    'NodeDegraded',
    facts({ degradedNodes: [...bad.degradedNodes, { name: 'n2', reason: '' }] }),
    'True 2 nodes are reporting degraded status on sync: Node n1 is reporting: "disk \\"full\\""',
  ],
  'no node is degraded': ['NodeDegraded', facts(), FALSE],
  'a node cannot pin images': [
    'PinnedImageSetsDegraded',
    facts({ pinnedImageSetNodes: ['n1'] }),
    "True one or more pinned image set is reporting degraded: Node n1 references an invalid PinnedImageSet. See the node's MachineConfigNode resource for details.",
  ],
  'all nodes can pin images': ['PinnedImageSetsDegraded', facts(), FALSE],

  'the build failed': [
    'ImageBuildDegraded',
    facts({ ...layered, build: build('failed', { message: 'Build Failed: no disk' }) }),
    'True BuildFailed: Failed to build OS image for pool infra (MachineOSBuild: infra-1): Build Failed: no disk',
  ],
  'no build can be made': [
    'ImageBuildDegraded',
    facts({ ...layered, build: build('succeeded'), buildProblem: 'spec.renderedImagePushSpec: no tag' }),
    'True BuildFailed: Failed to build OS image for pool infra: spec.renderedImagePushSpec: no tag',
  ],
  'image mode cannot begin': [
    'ImageBuildDegraded',
    facts({ buildProblem: 'no repository' }),
    'True BuildFailed: Failed to build OS image for pool infra: no repository',
  ],
  'the build starts': [
    'ImageBuildDegraded',
    facts({ ...layered, build: build('prepared') }),
    'False Building: New build started',
  ],
  'the build succeeded': [
    'ImageBuildDegraded',
    facts({ ...layered, build: build('succeeded') }),
    'False BuildSuccess: Build completed successfully',
  ],
  'an interrupted build says nothing': [
    'ImageBuildDegraded',
    facts({ ...layered, build: build('interrupted') }),
    'absent',
  ],
  'a failed build is gone': [
    'ImageBuildDegraded',
    facts({ ...layered, pool: target({}, [{ type: 'ImageBuildDegraded', status: 'True' }]) }),
    'False BuildPending: MachineOSConfig updated/created, waiting for MachineOSBuild',
  ],
  'a failed build is gone with its MachineOSConfig': [
    'ImageBuildDegraded',
    facts({ pool: target({}, [{ type: 'ImageBuildDegraded', status: 'True' }]) }),
    'False NoLayeredObjects: No layered pool objects found, clearing stale build degraded condition',
  ],
  'a pool without image mode says nothing of builds': ['ImageBuildDegraded', facts(), 'absent'],

  'nobody has looked at builds yet': [
    'ImageBuildDegraded',
    unseen(facts({ ...layered, build: build('succeeded', { image: IMAGE }) })),
    'absent',
  ],
  'nobody has looked yet, and builds were degraded before': [
    'Degraded',
    unseen(facts({ ...layered, pool: target({}, [{ type: 'ImageBuildDegraded', status: 'True' }]) })),
    `${TRUE}Custom OS image build failed`,
  ],

  'degraded by a node': ['Degraded', facts(bad), `${TRUE}Node n1 is reporting: "disk \\"full\\""`],
  'degraded by rendering': [
    'Degraded',
    facts({ pool: target({}, [{ type: 'RenderDegraded', status: 'True', message: 'why' }]) }),
    `${TRUE}why`,
  ],
  'degraded by the build': [
    'Degraded',
    facts({ ...layered, build: build('failed') }),
    `${TRUE}Custom OS image build failed`,
  ],
  'degraded by a build that was interrupted after it had failed': [
    'Degraded',
    facts({
      ...layered,
      build: build('interrupted'),
      pool: target({}, [{ type: 'ImageBuildDegraded', status: 'True' }]),
    }),
    `${TRUE}Custom OS image build failed`,
  ],
  'not degraded by a build that is made anew': [
    'Degraded',
    facts({
      ...layered,
      build: build('building'),
      pool: target({}, [{ type: 'ImageBuildDegraded', status: 'True' }]),
    }),
    FALSE,
  ],
  'not degraded by interruption': ['Degraded', facts({ ...layered, build: build('interrupted') }), FALSE],
  'not degraded': ['Degraded', facts(), FALSE],
};

for (const [sentence, [type, given, expected]] of Object.entries(SENTENCES)) {
  test(`poolConditions(): ${type}: ${sentence}`, () => {
    assert.equal(said(type, given), expected);
  });
}

// Contract §3.7, the two layered overrides: for each state of the build, running and paused.
const STATES: Readonly<Record<BuildState, [string, string]>> = {
  none: [
    'True : Pool is waiting for OS image build to start',
    'True : Pool is paused; OS image build has been created but not yet started',
  ],
  initial: [
    'True : Pool is waiting for OS image build to start',
    'True : Pool is paused; OS image build has been created but not yet started',
  ],
  prepared: [
    'True : Pool is waiting for OS image build to start',
    'True : Pool is paused; OS image build has been prepared but will not rollout',
  ],
  building: [
    'True : Pool is waiting for OS image build to complete',
    'True : Pool is paused; OS image build in progress',
  ],
  succeeded: [
    'True : Pool is waiting for nodes to apply OS image',
    'False : Pool is paused; OS image build completed successfully',
  ],
  failed: [
    'False : Pool update stopped due to OS image build failure',
    'False : Pool is paused; OS image build failed',
  ],
  interrupted: [
    'False : Pool update stopped due to OS image build being interrupted',
    'False : Pool is paused; OS image build was interrupted',
  ],
};

for (const [state, [running, halted]] of Object.entries(STATES) as [BuildState, [string, string]][]) {
  test(`poolConditions(): Updating of a layered pool whose build is in the state ${state}`, () => {
    const given = facts({ ...layered, build: build(state) });
    assert.equal(said('Updating', given), `${running} (mosb: infra-1)`);
    assert.equal(said('Updating', { ...given, ...paused }), `${halted} (mosb: infra-1)`);
  });
}

test('poolConditions() never has a pool updated and updating, nor updated while a layered pool has no image', () => {
  const counts = fc.record({
    total: fc.nat(2),
    updated: fc.nat(2),
    ready: fc.nat(2),
    unavailable: fc.nat(1),
  });
  const states = fc.option(fc.constantFrom(...(Object.keys(STATES) as BuildState[])), { nil: undefined });
  fc.assert(
    fc.property(counts, states, fc.boolean(), fc.boolean(), (nodes, state, isPaused, isLayered) => {
      const given = facts({
        nodes,
        pool: target({ paused: isPaused }),
        ...(isLayered ? layered : {}),
        ...(state === undefined ? {} : { build: build(state, { image: IMAGE }) }),
      });
      const isUpdated = said('Updated', given).startsWith('True');
      if (isUpdated) assert.equal(said('Updating', given), FALSE);
      if (isLayered) assert.equal(isUpdated, false);
      const types = poolConditions(given).map(({ type }) => type);
      assert.equal(new Set(types).size, types.length);
    }),
  );
});

test('renderCondition() says why, once', () => {
  const error = ((): Error => {
    try {
      renderInfra([]);
    } catch (thrown) {
      if (thrown instanceof Error) return thrown;
    }
    return assert.fail('rendered');
  })();
  assert.equal(
    show(renderCondition('infra', error)),
    'True : Failed to render configuration for pool infra: spec.machineConfigSelector: matches no MachineConfig: there are none',
  );
  assert.equal(
    show(renderCondition('infra', new Error('no ControllerConfig'))),
    'True : Failed to render configuration for pool infra: no ControllerConfig',
  );
  assert.equal(show(renderCondition('infra')), FALSE);
});
