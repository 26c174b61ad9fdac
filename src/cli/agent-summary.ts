import type { DescribedDrift, HostLook, HostView, Journal, JournalReading } from '../agent/index.ts';
import type { Deployment } from '../host/index.ts';
import type { AgentNote } from './agent-note.ts';

/** What `varve agent status` knows of a host, as `--output json` prints it. */
export interface AgentSummary {
  /** Undefined where no agent ever ran. */
  readonly node: string | undefined;
  readonly agent: {
    readonly running: boolean;
    readonly pid: number | undefined;
    readonly since: string | undefined;
    readonly health: string | undefined;
  };
  /** Undefined where the host cannot be seen; `problem` says why. */
  readonly host:
    | {
        readonly tool: string;
        readonly bootId: string;
        readonly booted: DeploymentSummary | undefined;
        readonly staged: (DeploymentSummary & { readonly locked: boolean }) | undefined;
        readonly rollback: DeploymentSummary | undefined;
        readonly kernelArguments: {
          readonly missing: readonly string[];
          readonly surplus: readonly string[];
        };
      }
    | undefined;
  /** What the Node asked for when the agent last decided. */
  readonly wanted: { readonly config: string | undefined; readonly image: string | undefined };
  readonly decision: AgentNote['plan'];
  readonly attempts: readonly {
    readonly digest: string;
    readonly failures: readonly { readonly kind: string; readonly message: string; readonly at: string }[];
    readonly halted: string | undefined;
  }[];
  readonly failing:
    | { readonly step: string; readonly message: string; readonly times: number; readonly since: string }
    | undefined;
  /** Undefined where the files could not be compared. */
  readonly drift: readonly DriftSummary[] | undefined;
  /** What could not be found out, and why. */
  readonly problems: readonly string[];
}

interface DeploymentSummary {
  readonly image: string | undefined;
  readonly digest: string | undefined;
  readonly commit: string | undefined;
  readonly version: string | undefined;
  readonly config: string | undefined;
}

export interface DriftSummary {
  readonly path: string;
  readonly kinds: readonly string[];
  readonly machineConfigs: readonly string[];
  readonly lines: readonly string[];
}

/** What was found of a host. */
export interface AgentFindings {
  readonly note: AgentNote | undefined;
  readonly isRunning: boolean;
  readonly journal: JournalReading;
  readonly look: HostLook;
  /** Undefined where the files could not be compared. */
  readonly drift: readonly DescribedDrift[] | undefined;
  readonly problems: readonly string[];
}

export function summarizeAgent(findings: AgentFindings): AgentSummary {
  const { note, isRunning, journal: reading, look, drift } = findings;
  const journal = reading.state === 'read' ? reading.journal : undefined;
  const problems = [...findings.problems];
  if (reading.state === 'damaged' || reading.state === 'unusable') {
    problems.push(`the agent's journal cannot be used: ${reading.reason}`);
  }
  if (look.state === 'busy') problems.push(`the host is busy: ${look.reason}`);
  if (look.state === 'failed') problems.push(look.failure.message);
  return {
    node: note?.node,
    agent: { running: isRunning, pid: note?.pid, since: note?.startedAt, health: note?.health },
    host: look.state === 'fresh' ? summarizeHost(look.view, journal) : undefined,
    wanted: { config: note?.wishes.desiredConfig, image: note?.wishes.desiredImage },
    decision: note?.plan,
    attempts: Object.entries(journal?.attempts ?? {})
      .filter(([, { failures, halted }]) => failures.length > 0 || halted !== undefined)
      .map(([digest, { failures, halted }]) => ({
        digest,
        halted,
        failures: failures.map(({ kind, message, at }) => ({ kind, message, at: timeOf(at) })),
      })),
    failing:
      journal?.trouble === undefined
        ? undefined
        : {
            step: journal.trouble.key,
            message: journal.trouble.message,
            times: journal.trouble.count,
            since: timeOf(journal.trouble.since),
          },
    drift: drift?.map(({ path, kinds, machineConfigs, lines }) => ({ path, kinds, machineConfigs, lines })),
    problems,
  };
}

function summarizeHost(view: HostView, journal: Journal | undefined): NonNullable<AgentSummary['host']> {
  const { booted, staged, rollback, tool } = view.status;
  const stagedSummary = summarizeDeployment(staged, journal);
  return {
    tool,
    bootId: view.bootId,
    booted: summarizeDeployment(booted, journal, view.image.config),
    staged: stagedSummary === undefined ? undefined : { ...stagedSummary, locked: staged?.locked === true },
    rollback: summarizeDeployment(rollback, journal),
    kernelArguments: view.kernelArguments.booted,
  };
}

function summarizeDeployment(
  deployment: Deployment | undefined,
  journal: Journal | undefined,
  config?: string,
): DeploymentSummary | undefined {
  if (deployment === undefined) return undefined;
  const { image, checksum, version } = deployment;
  const digest = image?.digest;
  const known = journal?.history.find(
    (settled) => digest !== undefined && settled.digest === digest && settled.kind === 'image',
  );
  return {
    image: image?.reference.name ?? deployment.origin,
    digest,
    commit: checksum,
    version,
    config: config ?? known?.config,
  };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
