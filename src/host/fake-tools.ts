import type { FakeDeployment, FakeState } from './fake-host.ts';
import type { CommandOutcome, OutputLine } from './host-command.ts';

/**
 * For tests: what `bootc`, `rpm-ostree` and `ostree admin` do on a fake host, over a value of its state. They print
 * what the real ones print where this room reads it, and no more.
 */
export class FakeTools {
  state: FakeState;
  readonly #args: readonly string[];
  readonly #onLine: ((line: OutputLine) => void) | undefined;
  #stdout = '';
  #stderr = '';

  constructor(state: FakeState, args: readonly string[], onLine: ((line: OutputLine) => void) | undefined) {
    this.state = state;
    this.#args = args;
    this.#onLine = onLine;
  }

  run(tool: string): CommandOutcome {
    let status = 0;
    try {
      if (tool === 'bootc') this.#bootc();
      if (tool === 'rpm-ostree') this.#rpmOstree();
      if (tool === 'ostree') this.#ostree();
    } catch (error) {
      status = 1;
      this.#stderr += `error: ${error instanceof Error ? error.message : ''}\n`;
    }
    return { status, signal: undefined, stdout: this.#stdout, stderr: this.#stderr };
  }

  get #staged(): FakeDeployment | undefined {
    return this.state.deployments.find((one) => one.staged);
  }

  get #booted(): FakeDeployment | undefined {
    return this.state.deployments.find((one) => one.booted);
  }

  get #idle(): readonly FakeDeployment[] {
    return this.state.deployments.filter((one) => !one.staged && !one.booted);
  }

  #changeStaged(changes: Partial<FakeDeployment>): void {
    this.#become(this.state.deployments.map((one) => (one.staged ? { ...one, ...changes } : one)));
  }

  /** What is staged is dropped, and the others change places. */
  #rollBack(): void {
    this.#become(this.state.deployments.filter((one) => !one.staged).toReversed());
  }

  #become(deployments: readonly FakeDeployment[]): void {
    this.state = { ...this.state, deployments };
  }

  /** Staging anew: the earlier one is gone, and so is its lock. */
  #stage(changes: Partial<FakeDeployment>): void {
    const { deployments } = this.state;
    const booted = this.#booted;
    if (booted === undefined) throw new Error('Not currently booted into an OSTree system');
    const next = {
      ...booted,
      pinned: false,
      ...changes,
      booted: false,
      staged: true,
      serial: deployments.length,
    };
    const checksum = (changes.digest ?? booted.digest)?.slice(7) ?? booted.checksum;
    this.#become([{ ...next, checksum }, ...deployments.filter((one) => !one.staged)]);
  }

  #say(text: string): void {
    this.#stdout += text;
    for (const line of text.trimEnd().split('\n')) this.#onLine?.({ stream: 'stdout', text: line });
  }

  #print(value: unknown): void {
    this.#stdout += `${JSON.stringify(value)}\n`;
  }

  #progress(text: string): void {
    this.#onLine?.({ stream: 'progress', text });
  }

  #bootc(): void {
    const args = this.#args;
    switch (args[0]) {
      case 'status':
        this.#print(bootcStatus(this.state.deployments));
        return;
      case 'switch':
        this.#switch(args.at(-1) ?? '', args.includes('--download-only'));
        return;
      case 'rollback':
        if (this.#idle.length === 0) throw new Error('No rollback available');
        this.#rollBack();
        return;
      case 'loader-entries': {
        const at = args.indexOf('--options');
        const kernelArguments = at < 0 ? '' : (args[at + 1] ?? '');
        // Nothing was set before, and nothing is.
        if (kernelArguments === '') return;
        if (this.#staged === undefined) this.#stage({ kernelArguments });
        else this.#changeStaged({ kernelArguments });
        return;
      }
      case undefined:
      default:
        throw new Error(`unrecognized subcommand '${args[0] ?? ''}'`);
    }
  }

  #switch(image: string, locked: boolean): void {
    if (this.#args.includes('--progress-fd=3')) {
      this.#progress('{"type":"Start","version":"0.1.0"}');
      this.#progress(
        '{"type":"ProgressBytes","task":"pulling","description":"Pulling","bytes":1,"bytesTotal":2}',
      );
      this.#progress('{"type":"ProgressSteps","task":"staging","descr');
    }
    if ((this.#staged ?? this.#booted)?.image === image) this.#say('Image specification is unchanged.\n');
    else this.#stage({ image, digest: image.slice(image.indexOf('@') + 1), locked, layered: [] });
  }

  #rpmOstree(): void {
    const args = this.#args;
    const { deployments, transaction } = this.state;
    if (args[0] === 'status') {
      this.#print({
        deployments: deployments.map(rpmOstreeDeployment),
        transaction: transaction === undefined ? null : [transaction, ':1.1', '/o'],
      });
      return;
    }
    if (transaction !== undefined) throw new Error(`Transaction in progress: ${transaction}`);
    switch (args[0]) {
      case 'rebase':
        this.#rebase((args.at(-1) ?? '').replace('ostree-unverified-registry:', ''));
        return;
      case 'kargs':
        this.#kernelArguments();
        return;
      case 'cleanup': {
        const pending = deployments.slice(deployments.findIndex((one) => one.booted));
        const kept = args.includes('--pending') ? pending : deployments;
        const rollback = args.includes('--rollback');
        this.#become(kept.filter((one) => !rollback || one.booted || one.staged || one.pinned));
        return;
      }
      case 'rollback':
        this.#rollBack();
        return;
      case undefined:
      default:
    }
  }

  #rebase(image: string): void {
    if (this.state.deployments[0]?.image === image) throw new Error(`Old and new refs are equal: ${image}`);
    this.#say('ostree chunk layers needed: 1 (1 MB)\nStaging deployment... done\n');
    const locked = this.#args.includes('--lock-finalization');
    this.#stage({ image, digest: image.slice(image.indexOf('@') + 1), locked });
  }

  #kernelArguments(): void {
    const next = this.state.deployments[0];
    const line = (next?.kernelArguments ?? '').split(' ');
    if (this.#args.length === 1) {
      this.#say(`${line.join(' ')} ostree=/ostree/boot.1/x/0\n`);
      return;
    }
    for (const argument of this.#args) {
      const [, option, value = ''] = /^--(delete-if-present|append-if-missing)=(.*)$/.exec(argument) ?? [];
      const at = line.indexOf(value);
      if (option === 'delete-if-present' && at >= 0) line.splice(at, 1);
      if (option === 'append-if-missing' && at < 0) line.push(value);
    }
    this.#stage({
      ...next,
      kernelArguments: line.join(' '),
      locked: this.#args.includes('--lock-finalization'),
    });
  }

  #ostree(): void {
    const [, verb, ...rest] = this.#args;
    const { deployments } = this.state;
    switch (verb) {
      case 'status':
        this.#print({ deployments: deployments.map(ostreeDeployment) });
        return;
      case 'lock-finalization':
        if (this.#staged === undefined) throw new Error('No staged deployment');
        this.#changeStaged({ locked: rest[0] !== '-u' });
        return;
      case 'pin':
        this.#become(
          deployments.map((one, index) => {
            return index === Number(rest.at(-1)) ? { ...one, pinned: rest[0] !== '--unpin' } : one;
          }),
        );
        return;
      case 'undeploy':
        this.#become(deployments.filter((_, index) => index !== Number(rest.at(-1))));
        return;
      case undefined:
      default:
    }
  }
}

function bootcStatus(deployments: readonly FakeDeployment[]): unknown {
  const staged = deployments.find((one) => one.staged);
  const [rollback, ...others] = deployments.filter((one) => !one.staged && !one.booted);
  const rollbackQueued = staged === undefined && rollback !== undefined && deployments[0] === rollback;
  return {
    apiVersion: 'org.containers.bootc/v1',
    kind: 'BootcHost',
    metadata: { name: 'host' },
    status: {
      staged: bootcEntry(staged),
      booted: bootcEntry(deployments.find((one) => one.booted)),
      rollback: bootcEntry(rollback),
      otherDeployments: others.map(bootcEntry),
      rollbackQueued,
    },
  };
}

function bootcEntry(one: FakeDeployment | undefined): unknown {
  if (one === undefined) return null;
  const incompatible = one.layered.length > 0;
  const image = { image: { image: one.image, transport: 'registry' }, imageDigest: one.digest };
  return {
    image: incompatible || one.digest === undefined ? null : image,
    incompatible,
    pinned: one.pinned,
    downloadOnly: one.locked,
    softRebootCapable: one.staged,
    ostree: { checksum: one.checksum, deploySerial: one.serial, stateroot: 'default' },
  };
}

function rpmOstreeDeployment(one: FakeDeployment): unknown {
  const image = {
    'container-image-reference': `ostree-unverified-registry:${one.image}`,
    'container-image-reference-digest': one.digest,
  };
  return {
    ...(one.digest === undefined ? { origin: one.image } : image),
    ...(one.locked ? { 'finalization-locked': true } : {}),
    osname: 'default',
    checksum: one.checksum,
    serial: one.serial,
    booted: one.booted,
    staged: one.staged,
    pinned: one.pinned,
    unlocked: 'none',
    'requested-packages': one.layered,
  };
}

function ostreeDeployment(one: FakeDeployment, index: number): unknown {
  return {
    checksum: one.checksum,
    stateroot: 'default',
    serial: one.serial,
    index,
    booted: one.booted,
    staged: one.staged,
    'finalization-locked': one.locked,
    pinned: one.pinned,
    unlocked: 'none',
  };
}
