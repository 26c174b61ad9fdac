import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Act, ActOutcome, AgentHost, DriftReport, HostLook, Plan } from '../agent/index.ts';
import { AgentMetrics } from './agent-metrics.ts';

const REBOOT: Act = { kind: 'unpin', reason: '', checksum: 'c' };
const { signal } = new AbortController();

function host(outcome: ActOutcome, look: HostLook): AgentHost {
  return {
    look: () => Promise.resolve(look),
    perform: () => Promise.resolve(outcome),
    remedy: () => Promise.resolve(),
  };
}

async function linesOf(metrics: AgentMetrics): Promise<readonly string[]> {
  return (await metrics.print()).text.split('\n');
}

const BUSY: HostLook = { state: 'busy', reason: 'somebody else' };
const plan = (more: Partial<Plan>): Plan => ({
  step: { kind: 'rest', reason: 'Waits.' },
  phase: 'draining',
  ...more,
});

test('what was never done is 0 and not absent; nothing is said of a state before the first decision', async () => {
  const lines = await linesOf(
    new AgentMetrics({ version: '1', downloaded: () => 7, drift: () => undefined }),
  );
  for (const line of [
    'varve_agent_acts_total{act="stage",result="failed"} 0',
    'mcd_reboots_failed_total 0',
    'mcd_pivot_errors_total 0',
    'varve_agent_downloaded_bytes_total 7',
    'mcd_config_drift 0',
    'mcd_state{state="Done",reason=""} 0',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('a host is measured by what it gives, and gives what it gave', async () => {
  const metrics = new AgentMetrics({ version: '1', downloaded: () => 0, drift: () => undefined });
  const failed: ActOutcome = { result: 'failed', class: 'network', message: 'm' };
  const measured = metrics.measure(host(failed, BUSY));
  assert.equal(await measured.perform(REBOOT, signal), failed);
  assert.equal(await measured.look(signal), BUSY);
  const lines = await linesOf(metrics);
  for (const line of [
    'varve_agent_acts_total{act="unpin",result="failed"} 1',
    'varve_agent_failures_total{class="network"} 1',
    'varve_agent_looks_total{state="busy"} 1',
    'varve_agent_host_readable 0',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('the state is that of the last decision, with its reason', async () => {
  const metrics = new AgentMetrics({ version: '1', downloaded: () => 0, drift: () => undefined });
  metrics.decided(plan({}), 'rendered-1', 1000);
  let lines = await linesOf(metrics);
  assert.ok(lines.includes('mcd_state{state="Working",reason=""} 1'));
  assert.ok(lines.includes('varve_agent_phase{phase="draining"} 1'));
  assert.ok(lines.includes('mcd_update_state{config="rendered-1",err=""} 1'));
  metrics.decided(plan({ degraded: 'No room.' }), 'rendered-1', 2000);
  lines = await linesOf(metrics);
  assert.ok(lines.includes('mcd_state{state="Degraded",reason="No room."} 1'));
  assert.ok(lines.includes('mcd_state{state="Working",reason=""} 0'));
  assert.ok(!lines.some((line) => line.startsWith('mcd_update_state{config="rendered-1",err=""}')));
});

test('drift has a time while there is any', async () => {
  let report: Pick<DriftReport, 'drifts'> = { drifts: [] };
  const metrics = new AgentMetrics({ version: '1', downloaded: () => 0, drift: () => report as DriftReport });
  report = { drifts: [{ path: '/etc/a' }] as unknown as DriftReport['drifts'] };
  const since = (lines: readonly string[]): string =>
    lines.find((line) => line.startsWith('mcd_config_drift ')) ?? '';
  const first = since(await linesOf(metrics));
  assert.match(first, /^mcd_config_drift \d{10}$/);
  assert.equal(since(await linesOf(metrics)), first);
  report = { drifts: [] };
  assert.equal(since(await linesOf(metrics)), 'mcd_config_drift 0');
});
