import type { MachineOSBuild } from '../api/index.ts';
import { buildStateOf, isTerminalState, type BuildState } from '../api/index.ts';
import { systemClock, type Change, type Clock } from '../kube/index.ts';
import { uidOf } from './object-uid.ts';

/** A build that has come to its end. */
export interface EndedBuild {
  readonly pool: string;
  readonly state: BuildState;
  /** Absent where nobody saw it begin and its status does not say when it did. */
  readonly seconds?: number;
}

/**
 * Sees from changes of builds when one ends, and how long it took: by the own clock where its beginning was seen too, for
 * times in its status are whole seconds and a build takes less.
 */
export class BuildObserver {
  readonly #tell: (ended: EndedBuild) => void;
  readonly #clock: Clock;
  /** When builds were seen to begin, by uid. */
  readonly #began = new Map<string, number>();

  constructor(tell: (ended: EndedBuild) => void, clock: Clock = systemClock) {
    this.#tell = tell;
    this.#clock = clock;
  }

  see(change: Change<MachineOSBuild>): void {
    const { object: build } = change;
    const uid = uidOf(build);
    const state = buildStateOf(build);
    const isOver = isTerminalState(state);
    // What was over when it was seen first ended while nobody looked, and may have been counted by another process.
    const isNews = change.type === 'updated' && !isTerminalState(buildStateOf(change.old));
    if (isOver && isNews) {
      const seconds = this.#secondsOf(uid, build);
      const pool = build.spec.machineOSConfig.name;
      this.#tell({ pool, state, ...(seconds === undefined ? {} : { seconds }) });
    }
    if (isOver || change.type === 'deleted') this.#began.delete(uid);
    else if (state === 'building' && !this.#began.has(uid)) this.#began.set(uid, this.#clock.now());
  }

  #secondsOf(uid: string, { status }: MachineOSBuild): number | undefined {
    const began = this.#began.get(uid);
    if (began !== undefined) return (this.#clock.now() - began) / 1000;
    const seconds = (Date.parse(status?.buildEnd ?? '') - Date.parse(status?.buildStart ?? '')) / 1000;
    return Number.isFinite(seconds) ? seconds : undefined;
  }
}
