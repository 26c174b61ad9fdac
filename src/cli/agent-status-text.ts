import type { AgentSummary } from './agent-summary.ts';
import { formatTable } from './output.ts';

/** What a person at the host reads. */
export function agentStatusText(summary: AgentSummary): string {
  const { host, decision, wanted, failing, attempts, drift, problems } = summary;
  const rows: [string, string][] = [
    ['node', summary.node ?? '(no agent has run here)'],
    ['agent', agentText(summary)],
  ];
  if (host !== undefined) {
    const { missing, surplus } = host.kernelArguments;
    rows.push(['runs', deploymentText(host.booted)]);
    if (missing.length + surplus.length > 0) {
      const parts = [...missing.map((one) => `lacks ${one}`), ...surplus.map((one) => `has ${one}`)];
      rows.push(['kernel', `its arguments are not the image's: ${parts.join(', ')}`]);
    }
    const lock =
      host.staged?.locked === true ? ', held back until the node is drained' : ', for the next boot';
    rows.push(['staged', host.staged === undefined ? '-' : `${deploymentText(host.staged)}${lock}`]);
    rows.push(['rollback', deploymentText(host.rollback)]);
    rows.push(['driven by', host.tool]);
  }
  rows.push(['wanted', wanted.image ?? wanted.config ?? '-']);
  if (wanted.image !== undefined && wanted.config !== undefined) rows.push(['', wanted.config]);
  if (decision !== undefined) {
    rows.push([
      'state',
      `${decision.degraded === undefined ? decision.phase : 'degraded'}, since ${decision.at}`,
    ]);
    rows.push(['', decision.degraded ?? decision.reason]);
  }
  if (failing !== undefined) {
    rows.push(['failing', `${failing.message} (${failing.times} times since ${failing.since})`]);
  }
  for (const { digest, failures, halted } of attempts) {
    rows.push([
      'attempts',
      `${digest}: ${failures.length} in vain${halted === undefined ? '' : ', given up'}`,
    ]);
    const why = halted ?? failures.at(-1)?.message;
    if (why !== undefined) rows.push(['', why]);
  }
  rows.push(['files', driftText(drift)]);
  const lines: string[] = [];
  for (const { path, kinds, machineConfigs, lines: found } of drift ?? []) {
    const owner = machineConfigs.at(-1);
    const remarks = owner === undefined ? kinds : [...kinds, `of MachineConfig ${owner}`];
    lines.push(`  ${path} (${remarks.join(', ')})`, ...found.map((line) => `    ${line}`));
  }
  return [
    formatTable(rows),
    ...lines.map((line) => `${line}\n`),
    ...problems.map((problem) => `warning: ${problem}\n`),
  ].join('');
}

function agentText({ agent: { running, pid, since, health } }: AgentSummary): string {
  if (running) return `process ${pid}, since ${since}, health at ${health}`;
  return since === undefined ? 'not running' : `not running; the last one began ${since}`;
}

function deploymentText(deployment: NonNullable<AgentSummary['host']>['booted']): string {
  if (deployment === undefined) return '-';
  const { image, digest, config, commit, version } = deployment;
  const name = image === undefined ? `commit ${commit ?? 'unknown'}` : image;
  const pinned = digest === undefined || name.includes(digest) ? name : `${name}@${digest}`;
  const more = [config, version === undefined ? undefined : `version ${version}`].filter(
    (part) => part !== undefined,
  );
  return more.length === 0 ? pinned : `${pinned} (${more.join(', ')})`;
}

function driftText(drift: AgentSummary['drift']): string {
  if (drift === undefined) return 'could not be compared';
  if (drift.length === 0) return "every file of the image's is as the image has it";
  return drift.length === 1 ? 'a path differs from the image' : `${drift.length} paths differ from the image`;
}
