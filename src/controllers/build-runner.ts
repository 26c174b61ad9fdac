import type { MachineOSBuild } from '../api/index.ts';
import { buildStateOf } from '../api/index.ts';
import { referenceTo, type EventRecorder, type EventType, type KubeClient } from '../kube/index.ts';
import type { BuildFailure, PoolBuildResult } from '../osbuild/index.ts';
import { buildFailure, withoutOutput } from '../osbuild/index.ts';
import { BuildLog } from './build-log.ts';
import { BuildStop, type ChosenBuilder } from './container-building.ts';
import { BuildStatusWriter } from './build-status-writer.ts';
import { OS_BUILDS } from './resources.ts';
import type { Log } from './support.ts';
import { uidOf } from './object-uid.ts';
import { messageOf } from './error-message.ts';

/** Where the making of a build tells what becomes of it. */
export interface BuildTeller {
  /** A line of the build's log; no secrets. */
  readonly say: (line: string) => void;
  /** Which builder it has, for its status. */
  readonly onBuilder: (chosen: ChosenBuilder) => void;
}

/** A build to make. */
export interface BuildTask {
  readonly pool: string;
  readonly build: MachineOSBuild;
  /** Makes and pushes the image; fails with what `buildFailure` understands, and soon after its signal aborts. */
  readonly make: (teller: BuildTeller, signal: AbortSignal) => Promise<PoolBuildResult>;
}

export interface BuildRunnerOptions {
  readonly client: Pick<KubeClient, 'clock' | 'get' | 'patch'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly log: Log;
  /** Of the builds' logs. */
  readonly namespace: string;
  /** How many are worked on at once. */
  readonly concurrency: number;
  /** Nobody here works on a build of this pool any more: it has come to its end, or was stopped. */
  readonly onEnd: (pool: string) => void;
}

interface Running {
  readonly task: BuildTask;
  readonly abort: AbortController;
  /** Resolved when it is its turn. */
  readonly turn: PromiseWithResolvers<void>;
  lastWords?: string;
  done: Promise<void>;
}

/** How long an end is believed that the cache does not confirm, in milliseconds: a server may lose what it took. */
const BELIEVED = 30_000;

/**
 * Makes builds beside the queue, each at most once at a time in this process, in the order in which they came. What a build
 * has come to is written into its status; what is aborted leaves the build as it is, for the next one to go on with.
 */
export class BuildRunner {
  readonly #options: BuildRunnerOptions;
  /** By uid of the build, in the order in which they came. */
  readonly #running = new Map<string, Running>();
  readonly #queue: Running[] = [];
  /** Builds that this process has ended, by uid, until the cache says so as well. */
  readonly #ended = new Map<string, { readonly build: MachineOSBuild; readonly at: number }>();
  #atWork = 0;
  #isClosed = false;

  constructor(options: BuildRunnerOptions) {
    this.#options = options;
  }

  /** Sees to it that a build is made; nothing if it is, or was. */
  run(task: BuildTask): void {
    const uid = uidOf(task.build);
    if (this.#isClosed || this.#running.has(uid) || this.#ended.has(uid)) return;
    const running: Running = {
      task,
      abort: new AbortController(),
      turn: Promise.withResolvers<void>(),
      done: Promise.resolve(),
    };
    this.#running.set(uid, running);
    this.#queue.push(running);
    running.done = this.#work(running).finally(() => {
      this.#running.delete(uid);
      if (!this.#isClosed && running.abort.signal.aborted) this.#options.onEnd(task.pool);
    });
    this.#next();
  }

  /** Whether somebody here works on a build, or will. */
  has(build: MachineOSBuild): boolean {
    return this.#running.has(uidOf(build));
  }

  /**
   * Ends the work on a build; its status stays as it is.
   *
   * @param lastWords for the log of the build; without any, it is left to whoever goes on with the build, or goes with it
   */
  stop(build: MachineOSBuild, lastWords?: string): void {
    const running = this.#running.get(uidOf(build));
    if (running === undefined) return;
    if (lastWords !== undefined) running.lastWords = lastWords;
    running.abort.abort(new BuildStop('unwanted'));
  }

  /** Ends the work on all builds of a pool but one. */
  stopOthers(pool: string, kept?: MachineOSBuild): void {
    const uid = kept === undefined ? undefined : uidOf(kept);
    for (const { task, abort } of this.#running.values()) {
      if (task.pool === pool && uidOf(task.build) !== uid) abort.abort(new BuildStop('unwanted'));
    }
  }

  /** A build as this process left it, where the cache does not say so yet. */
  latest(cached: MachineOSBuild): MachineOSBuild {
    const uid = uidOf(cached);
    const ended = this.#ended.get(uid);
    if (ended === undefined) return cached;
    const isOld = this.#options.client.clock.now() - ended.at > BELIEVED;
    if (isOld || buildStateOf(cached) === buildStateOf(ended.build)) {
      this.#ended.delete(uid);
      return cached;
    }
    return { ...cached, status: ended.build.status ?? {} };
  }

  /** A build that is gone. */
  forget(build: MachineOSBuild): void {
    this.stop(build);
    this.#ended.delete(uidOf(build));
  }

  /** Ends all work that needs this process, and waits for that; nothing is unwanted that another one can go on with. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort(new BuildStop('left'));
    await Promise.all(running.map(({ done }) => done));
  }

  #next(): void {
    while (this.#atWork < this.#options.concurrency) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#atWork += 1;
      next.turn.resolve();
    }
  }

  async #work(running: Running): Promise<void> {
    const { client, log, namespace } = this.#options;
    const { task, abort } = running;
    const { build } = task;
    const name = build.metadata.name;
    const report = (error: unknown): void => {
      log.warn('cannot write the status of a build', { build: name, reason: messageOf(error) });
    };
    const status = new BuildStatusWriter({ client, build, signal: abort.signal, report });
    const buildLog = new BuildLog({
      client,
      namespace,
      build,
      report: (error) =>
        log.warn('cannot write the log of a build', { build: name, reason: messageOf(error) }),
    });
    status.say({ state: 'prepared' });
    await this.#turnOf(running);
    let isEnded = false;
    try {
      isEnded = !abort.signal.aborted && (await this.#make(running, status, buildLog));
    } catch (error) {
      log.error('a build ended in a way that nobody expected', { build: name }, error);
    }
    this.#atWork -= 1;
    this.#next();
    const { lastWords } = running;
    if (!isEnded && lastWords !== undefined) buildLog.say(lastWords);
    if (isEnded || lastWords !== undefined) await buildLog.end();
    else buildLog.discard();
  }

  /** Resolves when it is this build's turn, or when it will have none: then it counts as at work for a moment. */
  async #turnOf({ turn, abort }: Running): Promise<void> {
    const leave = (): void => {
      const at = this.#queue.findIndex((queued) => queued.turn === turn);
      if (at < 0) return;
      this.#queue.splice(at, 1);
      this.#atWork += 1;
      turn.resolve();
    };
    abort.signal.addEventListener('abort', leave, { once: true });
    await turn.promise;
    abort.signal.removeEventListener('abort', leave);
  }

  /** Whether the build has come to its end, and says so. */
  async #make({ task, abort }: Running, status: BuildStatusWriter, buildLog: BuildLog): Promise<boolean> {
    const { client, log, onEnd } = this.#options;
    const { build, pool } = task;
    const began = client.clock.now();
    status.say({ state: 'building' });
    this.#record(build, 'Normal', 'BuildStarted', `Building the image of pool ${pool}`);
    buildLog.say(`building the image of pool ${pool} for MachineConfig ${build.spec.machineConfig.name}`);
    const teller = { say: buildLog.say, onBuilder: (chosen: ChosenBuilder) => status.choose(chosen) };
    const made = await this.#outcome(task, teller, abort.signal);
    if (abort.signal.aborted) return false;
    if ('image' in made) status.warn(made.warnings);
    const duration = client.clock.now() - began;
    // Under way before the end is told, which does not wait for it.
    void buildLog.end();
    const fate = await status.end(
      'image' in made
        ? { state: 'succeeded', image: made.image }
        : { state: 'failed', reason: made.reason, message: made.message },
    );
    if (fate.kind === 'gone') return false;
    this.#ended.set(uidOf(build), { build: fate.build, at: client.clock.now() });
    if (fate.kind === 'written' && 'image' in made) {
      this.#record(build, 'Normal', 'BuildCompleted', `Image ${made.image}`);
      log.info('build succeeded', { build: build.metadata.name, pool, image: made.image, duration });
    } else if (fate.kind === 'written' && !('image' in made)) {
      // In one line; the condition and the log have all of it.
      const { reason } = made;
      const message = withoutOutput(made.message);
      this.#record(build, 'Warning', 'BuildFailed', `${reason}: ${message}`);
      log.warn('build failed', { build: build.metadata.name, pool, reason, message, duration });
    }
    onEnd(pool);
    return true;
  }

  /** What came of it, told in the log as well. */
  async #outcome(
    { build, make }: BuildTask,
    teller: BuildTeller,
    signal: AbortSignal,
  ): Promise<PoolBuildResult | BuildFailure> {
    const { say } = teller;
    try {
      const result = await make(teller, signal);
      say(result.upToDate ? `${result.image} was there already` : `pushed ${result.image}`);
      return result;
    } catch (error) {
      const failure = buildFailure(error);
      if (failure.reason === 'InternalError' && !signal.aborted) {
        this.#options.log.error('a build failed by a defect', { build: build.metadata.name }, error);
      }
      say(`failed: ${failure.reason}: ${failure.message}`);
      return failure;
    }
  }

  #record(build: MachineOSBuild, type: EventType, reason: string, message: string): void {
    this.#options.events.record({ object: referenceTo(OS_BUILDS, build), type, reason, message });
  }
}
