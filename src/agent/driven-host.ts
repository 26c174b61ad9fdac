import {
  failureOfError,
  type HostCapabilities,
  type HostChange,
  type HostDriver,
  HostError,
  type HostFailure,
  type HostRunner,
  type HostStatus,
  isImage,
  nextBoot,
  type Deployment,
  type StageRequest,
  type StatusReading,
  Systemctl,
  type Tolerance,
} from '../host/index.ts';
import type { AgentHost, HostLook } from './agent-host.ts';
import type { AgentPolicy } from './agent-policy.ts';
import type { ActOutcome } from './attempt-step.ts';
import { HostFacts } from './host-facts.ts';
import { LiveHost } from './live-host.ts';
import type { NodeFiles } from './node-files.ts';
import type { HostAbilities } from './host-view.ts';
import type { ActiveRemedy } from './remedies.ts';
import type { Act } from './step.ts';

export interface DrivenHostOptions {
  readonly runner: HostRunner;
  readonly driver: HostDriver;
  readonly capabilities: HostCapabilities;
  readonly policy: AgentPolicy;
  /** Who looks after the host's files, and has to know when they become another image's. */
  readonly files?: NodeFiles;
  /** Refuse images whose signature the host's policy does not demand. Default: what the policy allows. */
  readonly enforceSignature?: boolean;
  /** Puts what the host's tools need to pull an image where they look for it: credentials, authorities. It never throws. */
  readonly prepareAccess?: (image: string | undefined) => Promise<void>;
}

/** A host that is moved by one of its own tools. */
export class DrivenHost implements AgentHost {
  readonly #options: DrivenHostOptions;
  readonly #facts: HostFacts;
  readonly #systemctl: Systemctl;
  readonly #abilities: HostAbilities;
  readonly #live: LiveHost;

  constructor(options: DrivenHostOptions) {
    this.#options = options;
    this.#facts = new HostFacts(options.runner, options.capabilities.softReboot);
    this.#systemctl = new Systemctl(options.runner);
    this.#abilities = abilitiesOf(options.driver, options.capabilities);
    this.#live = new LiveHost({ runner: options.runner, files: options.files });
  }

  async look(signal: AbortSignal): Promise<HostLook> {
    const { driver } = this.#options;
    const reading = await driver.status(signal);
    if (reading.state === 'busy') return { state: 'busy', reason: reading.reason };
    if (reading.state === 'failed') return reading;
    const { status } = reading;
    try {
      const facts = await this.#facts.read(status, signal);
      const pin = this.#abilities.pin && status.booted?.composefs !== true;
      return { state: 'fresh', view: { ...facts, status, abilities: { ...this.#abilities, pin } } };
    } catch (error) {
      if (!(error instanceof HostError) || error.code === 'aborted') throw error;
      return { state: 'failed', failure: failureOfError({ tool: driver.tool, args: [] }, error) };
    }
  }

  async perform(act: Act, signal: AbortSignal): Promise<ActOutcome> {
    const { driver, prepareAccess } = this.#options;
    if (act.kind === 'fetch' || act.kind === 'stage') await prepareAccess?.(act.image);
    switch (act.kind) {
      case 'fetch': {
        const message = `cannot pull ${act.image}: ${driver.tool} pulls only what it stages`;
        if (driver.fetch === undefined) return { result: 'failed', class: 'unsupported', message };
        return outcomeOf(await driver.fetch(act.image, signal));
      }
      case 'compare':
      case 'apply':
      case 'restore':
      case 'sweep': {
        const reading = await driver.status(signal);
        if (reading.state !== 'fresh') return unseen(reading);
        const { bootId } = await this.#facts.read(reading.status, signal);
        return this.#live.perform(act, reading.status, bootId, signal);
      }
      case 'stage': {
        const { image, locked, kernelArguments } = act;
        const { append, remove } = kernelArguments;
        const change = append.length === 0 && remove.length === 0 ? {} : { kernelArguments };
        return outcomeOf(await driver.stage({ ...this.#request(image, locked), ...change }, signal));
      }
      case 'unstage':
        // A reboot into it that was prepared would lead to what is not there any more.
        if (this.#options.capabilities.softReboot) await driver.resetSoftReboot(signal);
        return outcomeOf(await driver.unstage(signal));
      case 'lock':
        return outcomeOf(await driver.lock(signal));
      case 'unlock':
        return this.#letGo(act, signal);
      case 'pin':
      case 'unpin':
        return outcomeOf(await driver.keep(act.checksum, act.kind === 'pin', signal));
      case 'reboot':
        return this.#reboot(act, signal);
    }
  }

  async remedy(remedy: ActiveRemedy, dropRollback: boolean, signal: AbortSignal): Promise<void> {
    const { driver, prepareAccess } = this.#options;
    switch (remedy) {
      case 'refresh-credentials':
        await prepareAccess?.(undefined);
        break;
      case 'clean-up':
      case 'repair-store':
        await driver.cleanUp(dropRollback ? 'rollback' : 'leftovers', signal);
        break;
      case 'restart-daemon':
        await this.#systemctl.change('reset-failed', ['rpm-ostreed.service'], signal);
    }
  }

  /**
   * Unlocks what is staged, if it still is this image. One that is new to the host is staged once more: whoever was killed
   * while it was staged may have left it without its kernel arguments, and a driver that finds them only unlocks it.
   */
  async #letGo(
    { image, digest }: { readonly image: string; readonly digest: string },
    signal: AbortSignal,
  ): Promise<ActOutcome> {
    const { driver } = this.#options;
    const reading = await driver.status(signal);
    if (reading.state !== 'fresh') return unseen(reading);
    const { booted, staged } = reading.status;
    if (!isImage(staged, digest)) {
      return { result: 'failed', class: 'not-shown', message: `cannot let ${image} go: it is not staged` };
    }
    if (isImage(booted, digest)) return outcomeOf(await driver.unlock(signal));
    return outcomeOf(await driver.stage(this.#request(image, false), signal));
  }

  /** What is staged is looked at once more: another tool may have replaced it (host-contract §9.6). */
  async #reboot(act: Extract<Act, { readonly kind: 'reboot' }>, signal: AbortSignal): Promise<ActOutcome> {
    const { driver } = this.#options;
    const before = await driver.status(signal);
    if (before.state !== 'fresh') return unseen(before);
    if (before.status.staged !== undefined) {
      const outcome = await this.#letGo(act, signal);
      if (outcome.result === 'failed') return outcome;
    }
    const reading = await driver.status(signal);
    if (reading.state !== 'fresh') return unseen(reading);
    if (!boots(reading.status, act.digest)) {
      const message = `cannot reboot into ${act.image}: the host would boot something else`;
      return { result: 'failed', class: 'not-shown', message };
    }
    const { staged } = reading.status;
    const options = { reason: act.reason, finalize: staged !== undefined };
    const soft = act.soft && (await this.#prepareSoft(staged, signal));
    const change = await (soft
      ? this.#systemctl.softReboot(options, signal)
      : this.#systemctl.reboot(options, signal));
    if (change.ok) return { result: 'done' };
    return { result: 'failed', class: change.failure.class, message: change.failure.message };
  }

  /** Whether a soft reboot leads into what is staged now; if not, nothing is left that would make a reboot one. */
  async #prepareSoft(staged: Deployment | undefined, signal: AbortSignal): Promise<boolean> {
    const { driver } = this.#options;
    const isAble = this.#options.capabilities.softReboot && staged?.softRebootCapable !== false;
    if (isAble && staged !== undefined && (await driver.prepareSoftReboot(signal)).result === 'done')
      return true;
    await driver.resetSoftReboot(signal);
    return false;
  }

  #request(image: string, locked: boolean): StageRequest {
    const { policy, enforceSignature } = this.#options;
    const tolerate: Tolerance[] = [];
    if (policy.takeOver) tolerate.push('no-image');
    if (policy.localChanges === 'discard') tolerate.push('local-changes');
    return { image, locked, tolerate, ...(enforceSignature === undefined ? {} : { enforceSignature }) };
  }
}

function boots(status: HostStatus, digest: string): boolean {
  return isImage(nextBoot(status), digest) && status.staged?.locked !== true;
}

/** What cannot be looked at is not let go. */
function unseen(reading: Exclude<StatusReading, { readonly state: 'fresh' }>): ActOutcome {
  if (reading.state === 'busy') return { result: 'failed', class: 'busy', message: reading.reason };
  return { result: 'failed', class: reading.failure.class, message: reading.failure.message };
}

/** What a driver can do on a host with these tools. */
function abilitiesOf(driver: HostDriver, { bootc, rpmOstree, ostree }: HostCapabilities): HostAbilities {
  const atOnce =
    (driver.tool === 'bootc' && bootc?.switchDownloadOnly === true) ||
    (driver.tool === 'rpm-ostree' && rpmOstree?.lockFinalization === true) ||
    (driver.tool === 'ostree' && ostree !== undefined && ostree.lockedStaging !== 'none');
  const lock = atOnce ? 'with-staging' : ostree === undefined ? 'none' : 'after-staging';
  return {
    lock,
    // What is wanted is staged where it can be: a clean reboot of the host then costs no second one.
    fetch: false,
    ahead: driver.fetch !== undefined ? 'fetch' : atOnce ? 'stage' : 'none',
    pin: ostree !== undefined,
    carriesLocalChanges: driver.tool === 'rpm-ostree',
  };
}

function outcomeOf(change: HostChange): ActOutcome {
  switch (change.result) {
    case 'done':
      return { result: 'done' };
    case 'busy':
      return { result: 'failed', class: 'busy', message: change.reason };
    case 'failed':
      return { result: 'failed', class: change.failure.class, message: told(change.failure) };
  }
}

/** What whoever looks after the host has to know: which registry refused, and all that was said where nobody knows what it means. */
function told({ class: failure, message, registry, excerpt }: HostFailure): string {
  if (failure === 'auth' && registry !== undefined && !message.includes(registry)) {
    return `${message} (registry ${registry})`;
  }
  return failure === 'unknown' && excerpt.trim().includes('\n') ? `${message}\n${excerpt.trim()}` : message;
}
