import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeClient } from '../kube/index.ts';
import { chosenBuilder, type BuilderFlags } from './chosen-builder.ts';
import { CliError } from './cli-error.ts';
import { jobSettings } from './job-flags.ts';
import { quantities } from './quantities.ts';

const FLAGS: BuilderFlags = { builder: 'auto', buildDeadline: 3_600_000, cache: '/nowhere' };
const IMAGE = 'registry.example.com/varve/builder:1';
const LOG = { info: () => {}, warn: () => {}, error: () => {} };

function kindOf(flags: Partial<BuilderFlags>): string {
  const environment = { variables: {}, program: [] };
  const cluster = { client: {} as KubeClient, namespace: 'varve', log: LOG };
  return chosenBuilder({ ...FLAGS, ...flags }, environment, cluster).kind;
}

test('Jobs build where an image is named for them, a process only where it is asked for', () => {
  assert.equal(kindOf({}), 'none');
  assert.equal(kindOf({ builderImage: IMAGE }), 'job');
  assert.equal(kindOf({ builder: 'job', builderImage: IMAGE }), 'job');
  assert.equal(kindOf({ builder: 'process', builderImage: IMAGE }), 'process');
  assert.equal(kindOf({ builder: 'none', builderImage: IMAGE }), 'none');
  assert.throws(
    () => kindOf({ builder: 'job' }),
    (error) => error instanceof CliError && error.message.includes('without --builder-image REF'),
  );
});

test('what a Job asks of its node is what it asks by default, but for what is said', () => {
  const { resources, deadline, cacheClaim } = jobSettings({
    builderImage: IMAGE,
    buildRequests: quantities('memory=4Gi,nvidia.com/gpu=1'),
    buildLimits: quantities('cpu=1.5'),
    buildDeadline: 60_000,
  });
  assert.deepEqual(resources, {
    requests: { cpu: '500m', memory: '4Gi', 'ephemeral-storage': '8Gi', 'nvidia.com/gpu': '1' },
    limits: { cpu: '1.5' },
  });
  assert.equal(deadline, 60_000);
  assert.equal(cacheClaim, undefined);
});

test('quantities are refused that no API server would take', () => {
  for (const text of ['', 'cpu', 'cpu=', 'cpu=1=2', 'cpu=-1', 'cpu=1Kb', '=1', 'cpu=1,', 'Cpu=1'])
    assert.throws(() => quantities(text), /cpu=500m,memory=2Gi/, text);
});
