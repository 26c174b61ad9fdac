import {
  type Deployment,
  failurePolicy,
  type FailureClass,
  type HostFailure,
  type HostStatus,
  type LastFinalization,
  splitKernelArguments,
} from '../host/index.ts';
import type { ActOutcome } from './attempt-step.ts';
import type { LiveFiles } from './live-record.ts';
import type { HostAbilities, HostView, KernelArgumentDifference } from './host-view.ts';
import type { Act } from './step.ts';

/** An image as the model has it. */
export interface ModelImage {
  readonly digest: string;
  readonly image: string;
  /** Undefined: not one of Varve's. */
  readonly config: string | undefined;
  readonly base: string | undefined;
  readonly kernelArguments: readonly string[];
  /** `falls-back`: it boots, finds itself sick and boots what was before it. */
  readonly behaviour: 'boots' | 'falls-back' | 'etc-conflict' | 'bad-image';
  /** Images of one family differ in nothing but the configuration's files below /etc. */
  readonly family?: string | undefined;
}

interface ModelDeployment {
  readonly image: ModelImage;
  kernelArguments: string[];
  pinned: boolean;
  /** It ran, healthy. */
  proven: boolean;
  /** Tells deployments of one commit from each other. */
  readonly serial: number;
  /** The image whose files its /etc has, by digest; `mixed`: of two. */
  etc: string;
}

/** The one path that differs between images of a family. */
const LIVE = '/etc/live.conf';

/** What goes wrong with one act. */
export type Fault =
  | 'none'
  /** The command fails and has changed nothing. */
  | 'fails'
  /** The command fails and has done it all the same. */
  | 'fails-after'
  /** The command reports success and has changed nothing. */
  | 'lies'
  /** The deadline passes, and it is done. */
  | 'hangs'
  /** The agent is killed before, or after, the command did its work. */
  | 'killed-before'
  | 'killed-after'
  | 'power-cut-before'
  | 'power-cut-after'
  /** The agent is killed, or the power goes, in the midst of writing. */
  | 'killed-midway'
  | 'power-cut-midway';

/** What came of an act for the agent; `dead`: it does not live to see it. */
export type ActEnd = ActOutcome | { readonly result: 'dead' };

interface Failed {
  readonly result: 'failed';
  readonly class: FailureClass;
  readonly message: string;
}

/** A boot of the host, as a judge sees it. */
export interface Boot {
  readonly digest: string;
  readonly before: string;
  /** Who staged what was booted. */
  readonly by: 'agent' | 'foreign' | 'nobody';
}

/**
 * A host with deployments in boot order, a staged one that a clean shutdown finalizes unless it is locked, and tools that
 * fail or lie (host-contract §3.4, §10.2).
 */
export class ModelHost {
  readonly images: readonly ModelImage[];
  readonly abilities: HostAbilities;
  readonly ownArguments: boolean;
  deployments: ModelDeployment[];
  booted: ModelDeployment;
  staged:
    | { image: ModelImage; locked: boolean; kernelArguments: string[]; by: 'agent' | 'foreign' }
    | undefined;
  boots: Boot[] = [];
  /** The image whose configuration the services run with: what /etc had when they were told of it last. */
  services: string;
  #serials = 0;
  /** The next finalization fails, telling why or not; or all of them do. */
  finalizes: 'well' | 'fails' | 'fails-silently' | 'always-fails' = 'well';
  /** What an act that fails says. */
  complaint: Pick<Failed, 'class' | 'message'> = { class: 'network', message: 'connection reset' };
  /** Services that update it as well. */
  competitors: readonly string[] = [];
  /** What the host tells of the next shutdowns that leave the old image; by itself it tells of a failure alone. */
  tells: LastFinalization | undefined;
  #stamp: LastFinalization = { outcome: 'unknown' };
  #boot = 1;

  /** @param ownArguments the tool applies an image's kernel arguments itself, as bootc does */
  constructor(images: readonly ModelImage[], abilities: HostAbilities, ownArguments: boolean) {
    this.images = images;
    this.abilities = abilities;
    this.ownArguments = ownArguments;
    const [first] = images;
    if (first === undefined) throw new TypeError('a host runs an image');
    this.booted = {
      image: first,
      kernelArguments: ['root=x', ...first.kernelArguments],
      pinned: false,
      proven: true,
      serial: 0,
      etc: first.digest,
    };
    this.deployments = [this.booted];
    this.services = first.digest;
  }

  get bootId(): string {
    return `boot-${this.#boot}`;
  }

  view(): HostView {
    const at = this.deployments.indexOf(this.booted);
    const pending = this.deployments.slice(0, at)[0];
    const rollback = this.deployments[at + 1];
    const { staged } = this;
    const status: HostStatus = {
      tool: 'ostree',
      booted: deployment(this.booted, false),
      staged: staged && {
        ...deployment({ ...staged, pinned: false, serial: this.#serials + 1 }, staged.locked),
        softRebootCapable: this.isSoftRebootCapable,
      },
      pending: pending && deployment(pending, false),
      rollback: rollback && deployment(rollback, false),
      others: [],
      transaction: undefined,
      readOnly: false,
    };
    return {
      status,
      bootId: this.bootId,
      abilities: this.abilities,
      competitors: this.competitors,
      image: { config: this.booted.image.config, base: this.booted.image.base },
      kernelArguments: {
        booted: this.#difference(this.booted.image, this.booted.kernelArguments),
        staged:
          staged === undefined
            ? { missing: [], surplus: [] }
            : this.#difference(staged.image, staged.kernelArguments),
      },
      lastFinalization: this.#stamp.outcome === 'unknown' ? (this.tells ?? this.#stamp) : this.#stamp,
    };
  }

  /** Does an act, or what a fault leaves of it. */
  act(act: Act, fault: Fault): ActEnd {
    if (fault === 'killed-before') return { result: 'dead' };
    if (fault === 'power-cut-before') return this.#cut();
    if (fault.endsWith('midway') && (act.kind === 'apply' || act.kind === 'restore')) {
      if (act.kind === 'restore' || this.staged?.image.digest === act.image.digest) this.booted.etc = 'mixed';
      return fault === 'killed-midway' ? { result: 'dead' } : this.#cut();
    }
    if (fault === 'fails') return { result: 'failed', ...this.complaint };
    // What the agent does to files it does itself.
    const isOwn = ['compare', 'apply', 'restore', 'sweep'].includes(act.kind);
    if (fault === 'lies' && !isOwn) return { result: 'done' };
    const end = this.#do(act);
    if (!['none', 'hangs', 'lies'].includes(fault) && this.abilities.lock === 'after-staging') {
      // It came to staging, and not to locking.
      if (act.kind === 'stage' && this.staged !== undefined) this.staged.locked = false;
    }
    if (fault === 'power-cut-after' || fault === 'power-cut-midway') return this.#cut();
    if (fault === 'killed-after' || fault === 'killed-midway') return { result: 'dead' };
    if (end.result !== 'done') return end;
    if (fault === 'fails-after') return failed('unknown', 'the bound image could not be pulled');
    return fault === 'hangs' && !isOwn ? failed('timed-out', 'the deadline passed') : end;
  }

  /** Somebody else's `switch`. */
  stageByOthers(image: ModelImage): void {
    this.staged = { image, locked: false, kernelArguments: this.#lineFor(image), by: 'foreign' };
  }

  /** A clean shutdown and the boot after it. */
  reboot(): void {
    const before = this.booted;
    let by: Boot['by'] = 'nobody';
    this.#stamp = { outcome: 'unknown' };
    const { staged } = this;
    this.staged = undefined;
    if (staged !== undefined && !staged.locked) {
      const conflict = staged.image.behaviour === 'etc-conflict';
      if (conflict || this.finalizes.endsWith('fails')) {
        const message = conflict
          ? "During /etc merge: Modified config file newly defaults to directory 'x', cannot merge"
          : 'No space left on device';
        this.#stamp = { outcome: 'failed', message };
      } else if (this.finalizes === 'well') {
        const { image, kernelArguments } = staged;
        this.#serials += 1;
        // What differs from the image that ran is taken for a person's (host-contract §3.3).
        const etc = before.etc === before.image.digest ? image.digest : before.etc;
        const serial = this.#serials;
        const next = { image, kernelArguments, pinned: false, proven: false, serial, etc };
        this.deployments = [next, before, ...this.deployments.filter((one) => one !== before && one.pinned)];
        by = staged.by;
      }
      if (this.finalizes !== 'always-fails') this.finalizes = 'well';
    }
    this.#start(by);
  }

  /** The power goes and comes back: nothing is finalized. */
  cutPower(): void {
    this.staged = undefined;
    this.#stamp = { outcome: 'unknown' };
    this.#start('nobody');
  }

  #start(by: Boot['by']): void {
    this.#boot += 1;
    const before = this.booted.image.digest;
    const [first, second] = this.deployments;
    if (first === undefined) throw new TypeError('nothing is left to boot');
    this.boots.push({ digest: first.image.digest, before, by });
    this.booted = first;
    if (first.image.behaviour === 'falls-back' && second !== undefined) {
      this.deployments = [second, first, ...this.deployments.slice(2)];
      this.booted = second;
      this.#boot += 1;
    }
    this.booted.proven = true;
    this.services = this.booted.etc;
  }

  #cut(): ActEnd {
    this.cutPower();
    return { result: 'dead' };
  }

  #do(act: Act): ActEnd {
    switch (act.kind) {
      case 'fetch':
        return { result: 'done' };
      case 'stage':
        return this.#stage(act);
      case 'compare':
        return this.#compare(act);
      case 'apply':
        if (this.staged?.image.digest !== act.image.digest) return failed('not-shown', 'it is not staged');
        this.#write(act.files, act.image.digest);
        this.services = this.booted.etc;
        return { result: 'done' };
      case 'restore':
        this.#write(act.files, this.booted.image.digest);
        if (act.actions.length > 0) this.services = this.booted.etc;
        return { result: 'done' };
      case 'sweep':
        if (this.booted.etc === this.booted.image.digest) return { result: 'done' };
        this.#write(act.files, this.booted.image.digest);
        this.services = this.booted.etc;
        return { result: 'done' };
      case 'unstage':
        this.staged = undefined;
        return { result: 'done' };
      case 'lock':
      case 'unlock':
        if (this.staged === undefined) return failed('nothing-staged', 'nothing is staged');
        if (this.abilities.lock === 'none') return failed('unsupported', 'it cannot be locked');
        this.staged.locked = act.kind === 'lock';
        return { result: 'done' };
      case 'pin':
      case 'unpin':
        for (const one of this.deployments) {
          if (checksumOf(one) === act.checksum) one.pinned = act.kind === 'pin';
        }
        return { result: 'done' };
      case 'reboot':
        if (act.soft && !this.isSoftRebootCapable) throw new TypeError('no soft reboot leads there');
        // As the agent itself looks once more before it asks for a reboot.
        if (this.staged !== undefined && this.staged.image.digest !== act.digest)
          return failed('not-shown', 'it would boot something else');
        this.reboot();
        return { result: 'dead' };
    }
  }

  #stage({ digest, locked, kernelArguments }: Extract<Act, { readonly kind: 'stage' }>): ActEnd {
    const image = this.images.find((one) => one.digest === digest);
    if (image === undefined || image.behaviour === 'bad-image') {
      return failed('bad-image', 'Image has architecture s390x');
    }
    if (locked && this.abilities.lock === 'none') return failed('unsupported', 'it cannot be locked');
    const line = this.staged?.image === image ? this.staged.kernelArguments : this.#lineFor(image);
    const remove = new Set(kernelArguments.remove);
    const kept = line.filter((argument) => !remove.has(argument));
    this.staged = {
      image,
      locked,
      kernelArguments: [...new Set([...kept, ...kernelArguments.append])],
      by: 'agent',
    };
    return { result: 'done' };
  }

  get isSoftRebootCapable(): boolean {
    return this.staged?.kernelArguments.join(' ') === this.booted.kernelArguments.join(' ');
  }

  #compare({ change, files }: Extract<Act, { readonly kind: 'compare' }>): ActEnd {
    const { booted, staged } = this;
    if (staged?.image.digest !== change.digest) return failed('not-shown', 'it is not staged');
    const { family } = staged.image;
    if (family === undefined || family !== booted.image.family) {
      return { result: 'refused', message: '/usr/bin/x differs' };
    }
    const known = [booted.image.digest, ...(files[LIVE] ?? [])].filter((one) => one !== change.digest);
    return { result: 'done', files: { [LIVE]: [...new Set(known), change.digest] } };
  }

  /** What is not known to be ours would be a person's, and stay. */
  #write(files: LiveFiles, digest: string): void {
    const { etc } = this.booted;
    if (etc === 'mixed' || files[LIVE]?.includes(etc) === true) this.booted.etc = digest;
  }

  /** What a tool makes of the booted line: the image's own arguments or none of them. */
  #lineFor(image: ModelImage): string[] {
    const { kernelArguments, image: old } = this.booted;
    if (!this.ownArguments) return [...kernelArguments];
    const dropped = new Set(old.kernelArguments);
    const kept = kernelArguments.filter((argument) => !dropped.has(argument));
    return [...kept, ...image.kernelArguments];
  }

  #difference(image: ModelImage, line: readonly string[]): KernelArgumentDifference {
    const owned = new Set(this.images.flatMap((one) => one.kernelArguments));
    const has = new Set(splitKernelArguments(line.join(' ')));
    const wants = new Set(image.kernelArguments);
    return {
      missing: image.kernelArguments.filter((argument) => !has.has(argument)),
      surplus: line.filter((argument) => owned.has(argument) && !wants.has(argument)),
    };
  }
}

function checksumOf({ image, kernelArguments }: Pick<ModelDeployment, 'image' | 'kernelArguments'>): string {
  return `${image.digest.slice(-8)}${kernelArguments.length}`;
}

function deployment(
  {
    image,
    kernelArguments,
    pinned,
    serial,
  }: Pick<ModelDeployment, 'image' | 'kernelArguments' | 'pinned' | 'serial'>,
  locked: boolean,
): Deployment {
  return {
    checksum: checksumOf({ image, kernelArguments }),
    serial,
    stateroot: 'default',
    image: {
      reference: { transport: 'registry', name: image.image, signature: { kind: 'unverified' } },
      digest: image.digest,
      version: undefined,
      timestamp: undefined,
      architecture: undefined,
    },
    origin: undefined,
    version: undefined,
    pinned,
    locked,
    incompatible: false,
    local: undefined,
    unlocked: 'none',
    softRebootCapable: false,
    softRebootPrepared: false,
    cachedUpdate: undefined,
    composefs: false,
  };
}

function failed(failureClass: FailureClass, message: string): Failed {
  return { result: 'failed', class: failureClass, message };
}

/** A failure as the library for hosts makes it. */
export function failure(failureClass: FailureClass, message: string): HostFailure {
  const policy = failurePolicy(failureClass);
  return {
    class: failureClass,
    tool: 'ostree',
    message,
    registry: undefined,
    excerpt: '',
    policy,
    cause: undefined,
  };
}
