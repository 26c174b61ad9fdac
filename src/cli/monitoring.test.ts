import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { Controllers, DEFAULT_SETTINGS, Metrics } from '../controllers/index.ts';
import { FakeClock, KubeClient } from '../kube/index.ts';
import { memoryCache } from '../osbuild/index.ts';
import { AgentMetrics } from './agent-metrics.ts';

const FOLDER = new URL('../../deploy/monitoring/', import.meta.url);

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly description: string };
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** The names of all that the processes of Varve measure, as a scrape has them. */
async function measured(): Promise<ReadonlySet<string>> {
  const client = new KubeClient({
    access: { server: 'https://127.0.0.1:1', namespace: 'default' },
    clock: new FakeClock(),
  });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const settings = { ...DEFAULT_SETTINGS, namespace: 'varve' };
  const controllers = new Controllers({ client, settings, cache: memoryCache(), log, identity: 'a' });
  const texts = await Promise.all([
    new Metrics('1', controllers).print(),
    new AgentMetrics({ version: '1', downloaded: () => 0, drift: () => undefined }).print(),
  ]);
  const names = texts.flatMap(({ text }) => text.matchAll(/^# TYPE (\S+) (\S+)$/gmu).toArray());
  return new Set(
    names.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

/** The metrics that an expression is about. */
function namesIn(expression: string): readonly string[] {
  const bare = expression.replaceAll(/"[^"]*"/gu, '').replaceAll(/\{[^}]*\}/gu, '');
  return [...bare.matchAll(/\b(?:varve|ocl|mcc|mcd|mco|os|process|nodejs)_[a-z_]+/gu)].map(([name]) => name);
}

test('the dashboard and the alerts ask for metrics that there are', async () => {
  const there = await measured();
  const { spec } = load(await readFile(new URL('alerts.yaml', FOLDER), 'utf8')) as {
    spec: { groups: { rules: Rule[] }[] };
  };
  const rules = spec.groups.flatMap(({ rules: some }) => some);
  const { panels } = JSON.parse(await readFile(new URL('dashboard.json', FOLDER), 'utf8')) as {
    panels: Panel[];
  };
  const asked = [
    ...rules.map(({ alert, expr }) => [alert, expr] as const),
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ];
  assert.ok(rules.length > 10 && panels.length > 10);
  for (const [who, expression] of asked) {
    const names = namesIn(expression);
    assert.ok(names.length > 0, `${who}: ${expression}`);
    for (const name of names) assert.ok(there.has(name), `${who} asks for ${name}, which nobody measures`);
  }
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { annotations } of rules)
    assert.ok(annotations.summary !== '' && annotations.description !== '');
});
