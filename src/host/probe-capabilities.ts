import { access } from 'node:fs/promises';
import type {
  BootcCapabilities,
  HostCapabilities,
  OstreeCapabilities,
  RpmOstreeCapabilities,
} from './host-capabilities.ts';
import type { HostRunner } from './host-runner.ts';
import { DEADLINES, HostTool } from './host-tool.ts';
import { isAtLeast, parseToolVersion, type ToolVersion } from './tool-version.ts';

/**
 * Finds out what a host has. Features are looked for in help texts, as distributions backport them; a version decides
 * only for what no help text shows (host-contract §1.3). A tool that does not answer in time, or with what is no
 * version, is as good as absent: none of its features could be relied on. Of the first kind it is said which, since they may
 * answer another time.
 *
 * @throws {HostError} `aborted`
 */
export async function probeCapabilities(
  host: HostRunner,
  options: { readonly deadline?: number; readonly signal?: AbortSignal } = {},
): Promise<HostCapabilities> {
  const probe = new Probe(host, options.deadline ?? DEADLINES.status, options.signal);
  const found = {
    ostreeBooted: await isThere(`${host.root}/run/ostree-booted`),
    bootc: await bootc(probe),
    rpmOstree: await rpmOstree(probe),
    ostree: await ostree(probe),
    skopeo: await probe.version('skopeo'),
    systemd: await probe.version('systemctl'),
    softReboot: await isThere(`${host.root}/usr/lib/systemd/system/soft-reboot.target`),
  };
  return probe.unanswered.size === 0 ? found : { ...found, unanswered: [...probe.unanswered] };
}

async function bootc(probe: Probe): Promise<BootcCapabilities | undefined> {
  const version = await probe.version('bootc');
  if (version === undefined) return undefined;
  const switching = await probe.help('bootc', ['switch', '--help']);
  return {
    version,
    switchDownloadOnly: switching.includes('--download-only'),
    signaturePolicy: switching.includes('--enforce-container-sigpolicy'),
    loaderEntries: (await probe.help('bootc', ['loader-entries', '--help'])).includes(
      'set-options-for-source',
    ),
    progress: isAtLeast(version, [1, 1, 4]),
  };
}

async function rpmOstree(probe: Probe): Promise<RpmOstreeCapabilities | undefined> {
  const text = await probe.help('rpm-ostree', ['--version']);
  const version = parseToolVersion(text);
  if (version === undefined) return undefined;
  return {
    version,
    containers: /^\s*- container$/m.test(text),
    lockFinalization: (await probe.help('rpm-ostree', ['rebase', '--help'])).includes('--lock-finalization'),
    unchangedExit77: (await probe.help('rpm-ostree', ['kargs', '--help'])).includes('--unchanged-exit-77'),
  };
}

async function ostree(probe: Probe): Promise<OstreeCapabilities | undefined> {
  const version = await probe.version('ostree');
  if (version === undefined) return undefined;
  const verbs = await probe.help('ostree', ['admin', '--help']);
  const lockFinalization = /^\s+lock-finalization\b/m.test(verbs) || isAtLeast(version, [2023, 8]);
  const deploying = await probe.help('ostree', ['admin', 'deploy', '--help']);
  return {
    version,
    jsonStatus: (await probe.help('ostree', ['admin', 'status', '--help'])).includes('--json'),
    lockFinalization,
    lockedStaging: deploying.includes('--lock-finalization')
      ? 'option'
      : lockFinalization
        ? 'none'
        : 'marker',
    softReboot: /^\s+prepare-soft-reboot\b/m.test(verbs),
    setDefault: /^\s+set-default\b/m.test(verbs),
  };
}

/** What a command may end of that says nothing about the tool. */
const NO_ANSWER: ReadonlySet<string> = new Set(['timed-out', 'killed', 'busy']);

class Probe {
  readonly unanswered = new Set<string>();
  readonly #host: HostRunner;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;

  constructor(host: HostRunner, deadline: number, signal: AbortSignal | undefined) {
    this.#host = host;
    this.#deadline = deadline;
    this.#signal = signal;
  }

  /** What the tool prints on either stream; nothing when it fails, as where a verb is not known. */
  async help(tool: string, args: readonly string[]): Promise<string> {
    const result = await new HostTool(this.#host, tool).run(args, this.#deadline, this.#signal);
    if (result.ok) return `${result.outcome.stdout}\n${result.outcome.stderr}`;
    if (NO_ANSWER.has(result.failure.class)) this.unanswered.add(tool);
    return '';
  }

  async version(tool: string): Promise<ToolVersion | undefined> {
    return parseToolVersion(await this.help(tool, ['--version']));
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
