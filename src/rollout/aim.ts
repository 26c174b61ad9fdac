import type { RolloutSnapshot } from './snapshot.ts';
import type { NodeTarget } from './node-state.ts';
import type { NodeReason } from './rollout-plan.ts';

/** What the pool's nodes are to run, and whether any may be told so now. */
export interface Aim {
  /** Undefined while nobody knows. */
  readonly target: NodeTarget | undefined;
  /** Without image mode only nodes that still run an image are concerned (architecture D11). */
  readonly isLayered: boolean;
  /** What keeps every node from being told; undefined: nothing. */
  readonly hold?: Hold;
}

/** Why no node of the pool gets its turn. */
export interface Hold {
  readonly reason: NodeReason;
  /** A whole sentence. */
  readonly message: string;
  /** It does not pass before a person does something. */
  readonly needsPerson: boolean;
}

/** Reads the {@link Aim} of a pool: the gate of its build first, then whether the image is still there, then a person's pause. */
export function aimOf({ pool, gate, imageProblem }: RolloutSnapshot): Aim {
  const { name } = pool.metadata;
  const isLayered = gate.kind !== 'not-layered';
  const config = pool.spec.configuration?.name ?? '';
  if (gate.kind === 'wait' || gate.kind === 'failed') {
    const isFailed = gate.kind === 'failed';
    const reason = isFailed ? 'BuildFailed' : 'BuildPending';
    const message = isFailed
      ? `MachineConfigPool ${name} has no image to go to: ${gate.message}, and the pool's condition ImageBuildDegraded says why`
      : `MachineConfigPool ${name} waits for its image: ${gate.message}`;
    return { target: undefined, isLayered, hold: { reason, message, needsPerson: isFailed } };
  }
  if (gate.kind === 'not-layered' && config === '') {
    const message = `MachineConfigPool ${name} has not been rendered yet`;
    return { target: undefined, isLayered, hold: { reason: 'NotRendered', message, needsPerson: false } };
  }
  const target: NodeTarget =
    gate.kind === 'go' ? { machineConfig: gate.machineConfig, image: gate.image } : { machineConfig: config };
  const hold = holdOf(name, pool.spec.paused === true, imageProblem);
  return { target, isLayered, ...(hold === undefined ? {} : { hold }) };
}

/** What holds a pool that a person has paused. */
export function pauseOf(pool: string): Hold {
  const message = `MachineConfigPool ${pool} is paused: set spec.paused to false to go on`;
  return { reason: 'PoolPaused', message, needsPerson: true };
}

function holdOf(pool: string, isPaused: boolean, imageProblem: string | undefined): Hold | undefined {
  if (isPaused) return pauseOf(pool);
  if (imageProblem === undefined) return undefined;
  return { reason: 'ImageGone', message: imageProblem, needsPerson: true };
}
