import { mkdirSync } from 'node:fs';
import type { HostRunner } from '../../../host/index.ts';
import { EmbeddedError } from '../../embedded-error.ts';
import type { MachineBoot, MachineListener } from '../node-machine.ts';
import { boot, type Boot } from './boot.ts';
import { titleOf } from './boot-loader.ts';
import { bootableDeployments, type Deployment, treeOf } from './deployment.ts';
import { NEXT_ROOT } from './deployment-facts.ts';
import { Faults } from './faults.ts';
import { entriesOf, removeTree, textOf } from './files.ts';
import { finalizeStaged } from './finalize.ts';
import { installFirst } from './install.ts';
import { MachineJournal } from './journal.ts';
import { writeLaunchers } from './launchers.ts';
import { MachineFolder } from './machine-folder.ts';
import type { SimulatedMachineOptions, SimulatedNodeMachine, SimulatedTools } from './machine-options.ts';
import { PowerSwitch } from './power-switch.ts';
import { Killed } from './tool-error.ts';
import type { PowerRequest } from './tool-run.ts';
import { ToolsWithin } from './tools-within.ts';

const ALL_TOOLS: SimulatedTools = {
  bootc: { version: '1.16.9' },
  rpmOstree: { version: '2026.2' },
  ostree: { version: '2026.4' },
  skopeo: { version: '1.22.2' },
};

/** More power cuts in a row than a fault could mean. */
const MAX_CUTS = 100;

/**
 * A machine that is a folder: deployments of real images, a boot loader's entries, a /var of its own, and tools that speak as the
 * real ones do. Nothing of an image runs on it.
 */
export function createSimulatedMachine(options: SimulatedMachineOptions): SimulatedMachine {
  return new SimulatedMachine(options);
}

export class SimulatedMachine implements SimulatedNodeMachine {
  readonly name: string;
  /** What goes wrong with it. */
  readonly faults: Faults;
  /** Runs its tools within this process. */
  readonly runner: HostRunner;
  readonly #options: SimulatedMachineOptions;
  readonly #machine: MachineFolder;
  readonly #tools: ToolsWithin;
  readonly #switch: PowerSwitch;
  #listener: MachineListener | undefined;
  #boot: Boot | undefined;
  /** Fires for an installation that nobody waits for any more. */
  #installing = new AbortController();
  /** One after the other: what its power does. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: SimulatedMachineOptions) {
    this.name = options.name;
    this.#options = options;
    this.#machine = new MachineFolder(options.folder);
    this.faults = new Faults(this.#machine);
    const request = (asked: PowerRequest): void => {
      const life = this.#boot;
      // As long as it is the same boot that asks for it: one that asks twice goes down once.
      void this.#next(async () => {
        if (this.#boot !== life) return;
        try {
          await this.#switchTo(asked);
        } catch (error) {
          // Nobody waits for it who could be told.
          this.#listener?.failed?.(error instanceof Error ? error.message : String(error));
        }
      });
    };
    this.#tools = new ToolsWithin(this.#machine, request);
    this.#switch = new PowerSwitch(this.#machine, request);
    this.runner = this.#tools;
  }

  get folder(): string {
    return this.#machine.path;
  }

  get root(): string {
    return this.#machine.root;
  }

  get bin(): string {
    return this.#machine.bin;
  }

  /** How often it was booted, soft reboots left out. */
  get boots(): number {
    return new MachineJournal(this.#machine).boots;
  }

  /** What it has booted; undefined while it is off. */
  get booted():
    | (MachineBoot & { readonly deployment: string; readonly kernelArguments: string })
    | undefined {
    const booted = this.#boot;
    if (booted === undefined) return undefined;
    const { deployment } = booted;
    return { ...this.#description(booted), deployment: deployment.name, kernelArguments: deployment.options };
  }

  /** @throws EmbeddedError `cannot-start` */
  start(listener: MachineListener): Promise<void> {
    const { signal } = (this.#installing = new AbortController());
    return this.#next(async () => {
      if (this.#listener !== undefined)
        throw new EmbeddedError('cannot-start', `cannot start node ${this.name}: it is on`);
      // Of a life that ended with the process that it was in, as by a power cut.
      this.#killTools();
      await this.#prepare(signal);
      this.#listener = listener;
      this.#switch.open();
      this.#bootAgain();
      if (this.#boot === undefined) {
        this.#turnOff();
        throw this.#unbootable();
      }
    });
  }

  stop(): Promise<void> {
    this.#installing.abort();
    return this.#next(() => this.#switchTo('poweroff'));
  }

  cutPower(): Promise<void> {
    this.#installing.abort();
    return this.#next(async () => {
      if (this.#listener === undefined) return;
      await this.#goDown();
      this.#turnOff();
    });
  }

  /** Restarts it as somebody does who does not ask its agent: what is staged and let go is finalized. */
  reboot(): Promise<void> {
    return this.#next(() => this.#switchTo('reboot'));
  }

  /** The power is gone for a moment. */
  cutPowerShortly(): Promise<void> {
    return this.#next(() => this.#switchTo('cut'));
  }

  async erase(): Promise<void> {
    await this.cutPower();
    removeTree(this.folder);
  }

  #next(act: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** A disk with something to boot on it, and tools as the machine is said to have them. */
  async #prepare(signal: AbortSignal): Promise<void> {
    const { name, tools = ALL_TOOLS, plainHttp = [], certificateAuthorities = [] } = this.#options;
    mkdirSync(this.folder, { recursive: true });
    this.#machine.writeSettings({ name, tools, plainHttp, certificateAuthorities });
    mkdirSync(this.root, { recursive: true });
    writeLaunchers(this.#machine);
    if (bootableDeployments(this.#machine).length > 0) return;
    try {
      await installFirst(this.#machine, this.#options, signal);
    } catch (error) {
      removeTree(this.root);
      const why = error instanceof Error ? error.message : String(error);
      const reason = signal.aborted ? 'it was switched off meanwhile' : why;
      throw new EmbeddedError(
        'cannot-start',
        `cannot install ${this.#options.image} on node ${name}: ${reason}`,
        {
          cause: error,
        },
      );
    }
  }

  async #switchTo(request: PowerRequest): Promise<void> {
    if (this.#listener === undefined) return;
    await this.#goDown();
    let soft: Deployment | undefined;
    if (request !== 'cut') {
      const next = request === 'soft-reboot' ? textOf(this.#machine.at(NEXT_ROOT)) : undefined;
      const isWhole = this.#finalize();
      if (isWhole) soft = bootableDeployments(this.#machine).find((one) => one.name === next);
    }
    if (request === 'poweroff') this.#turnOff();
    else this.#bootOn(soft);
  }

  /** False when the power went over it. */
  #finalize(): boolean {
    try {
      finalizeStaged(this.#machine);
      return true;
    } catch (error) {
      if (error instanceof Killed) return false;
      throw error;
    }
  }

  /** Nothing of the boot runs on. */
  async #goDown(): Promise<void> {
    if (this.#boot !== undefined) this.#listener?.down();
    this.#boot = undefined;
    await this.#tools.end();
    this.#killTools();
    this.#switch.forget();
  }

  #killTools(): void {
    for (const { name } of entriesOf(this.#machine.beside('running'))) {
      removeTree(this.#machine.beside(`running/${name}`));
      // Whoever has the number by now is no tool of this machine.
      if (textOf(`/proc/${name}/cmdline`)?.includes(this.folder) !== true) continue;
      try {
        process.kill(Number(name), 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
  }

  #bootAgain(soft?: Deployment): void {
    if (soft !== undefined) removeTree(this.#machine.at(NEXT_ROOT));
    for (let cuts = 0; cuts < MAX_CUTS; cuts += 1) {
      try {
        this.#boot = boot(this.#machine, cuts === 0 ? soft : undefined);
        break;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
    }
    if (this.#boot !== undefined) this.#listener?.booted(this.#description(this.#boot));
  }

  /** After a reboot. @throws EmbeddedError where that comes to nothing */
  #bootOn(soft: Deployment | undefined): void {
    this.#bootAgain(soft);
    if (this.#boot === undefined) throw this.#unbootable();
  }

  #unbootable(): EmbeddedError {
    const reason = 'its boot loader has nothing to boot';
    return new EmbeddedError('cannot-start', `cannot start node ${this.name}: ${reason}`);
  }

  #turnOff(): void {
    this.#switch.close();
    this.#listener = undefined;
    this.#boot = undefined;
  }

  #description({ bootId, deployment, kernelVersion }: Boot): MachineBoot {
    return {
      bootId,
      kernelVersion,
      osImage: titleOf(treeOf(this.#machine, deployment)),
      agentArguments: ['--host-root', this.root],
      agentEnvironment: { PATH: this.bin },
    };
  }
}
