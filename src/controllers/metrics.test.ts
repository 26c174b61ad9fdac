import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, KubeClient, KubeError, outcomes, type Outcome } from '../kube/index.ts';
import { memoryCache } from '../osbuild/index.ts';
import { notedLog } from './test-log.ts';
import { Metrics } from './metrics.ts';
import { Controllers } from './run-controllers.ts';
import { DEFAULT_SETTINGS } from './support.ts';

/** Controllers of a cluster that nobody asks. */
function controllers(): Controllers {
  return new Controllers({
    client: new KubeClient({
      access: { server: 'https://127.0.0.1:1', namespace: 'default' },
      clock: new FakeClock(),
    }),
    settings: { ...DEFAULT_SETTINGS, namespace: 'varve' },
    cache: memoryCache(),
    log: notedLog([]),
    identity: 'a',
  });
}

function run(outcome: Outcome): Parameters<Metrics['observe']>[0] {
  return {
    controller: 'build',
    id: 'build-1',
    key: { namespace: '', name: 'worker' },
    outcome,
    duration: 30,
    next: 5,
  };
}

/** The samples, without help and types. */
async function samples(metrics: Metrics): Promise<readonly string[]> {
  const { contentType, text } = await metrics.print();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('runs are counted by how they ended; what has not happened is zero', async () => {
  const metrics = new Metrics('1.2.3', controllers());
  metrics.observe(run(outcomes.done));
  metrics.observe(run(outcomes.done));
  metrics.observe(run(outcomes.failed(new KubeError('conflict', 'cannot'))));
  const told = await samples(metrics);
  for (const expected of [
    'varve_build_info{version="1.2.3"} 1',
    'varve_reconciliations_total{controller="build",outcome="done"} 2',
    'varve_reconciliations_total{controller="build",outcome="failed"} 1',
    'varve_reconciliations_total{controller="build",outcome="stalled"} 0',
    'varve_reconciliation_duration_seconds_bucket{le="0.02",controller="build"} 0',
    'varve_reconciliation_duration_seconds_bucket{le="0.05",controller="build"} 3',
    'varve_reconciliation_duration_seconds_count{controller="build"} 3',
    'varve_leader 0',
    'mco_mosc_count 0',
    'ocl_active_builds 0',
    'varve_informer_synced{resource="machineosbuilds.machineconfiguration.openshift.io"} 0',
    'varve_informer_synced{resource="nodes"} 0',
  ]) {
    assert.ok(told.includes(expected), `${expected} is not among\n${told.join('\n')}`);
  }
});

test('every metric has a help, a type, and a name that promises what it is', async () => {
  const { text } = await new Metrics('1', controllers()).print();
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  assert.ok(names.length > 25);
  for (const [, name = '', type] of names) {
    assert.match(name, /^(?:varve|ocl|mcc|mco|os|process|nodejs)_[a-z_]+$/);
    assert.match(text, new RegExp(`^# HELP ${name} \\S.*\\.$`, 'm'));
    assert.equal(type === 'counter', name.endsWith('_total'), name);
  }
});
