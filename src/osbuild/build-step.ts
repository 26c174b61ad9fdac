import type { MachineConfig, MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import {
  buildStateOf,
  CURRENT_BUILD_ANNOTATION,
  findCondition,
  isTerminalState,
  PRE_BUILT_IMAGE_KEY,
  REBUILD_ANNOTATION,
} from '../api/index.ts';
import { ARCHITECTURES_ANNOTATION, INPUTS_ANNOTATION } from './build-keys.ts';
import type { BuildFailure } from './build-failure.ts';
import type { Replacement } from './build-replacement.ts';
import { readReplacement, replacementOf } from './build-replacement.ts';
import { retryOf } from './build-retry.ts';
import type { InterruptionReason } from './build-status.ts';
import { awaitedSeed, isSeed, lateSeedProblem, seedBuild } from './image-seed.ts';
import { inputsHash, newBuild } from './new-build.ts';
import type { BuildInputs } from './new-build.ts';

/** All that decides about the builds of one pool. */
export interface BuildSituation {
  readonly pool: MachineConfigPool;
  readonly osConfig: MachineOSConfig;
  /** The MachineConfig that the pool's `spec.configuration` names, if it is there. */
  readonly rendered?: MachineConfig;
  /** See {@link BuildInputs}. */
  readonly base?: string;
  /** The builds of this MachineOSConfig. */
  readonly builds: readonly MachineOSBuild[];
  /** One text for the versions of all that a build depends on besides its inputs. */
  readonly circumstances: string;
  /** The architectures that a new build is for, sorted; absent: those that the base has. */
  readonly architectures?: readonly string[];
  /** Those that the image has to have, an older one as well. */
  readonly requiredArchitectures?: readonly string[];
  /** What the registry says about the image of the build that is wanted, as far as it was asked. */
  readonly image?: 'present' | 'missing' | BuildFailure;
  readonly now: Date;
}

/**
 * The next thing to do for a pool's image. What is written is written only over the version of the object that the decision
 * saw: a cache may lag behind.
 *
 * - `wait`: nothing, until an object changes; the message says for what.
 * - `create`: make this build and name it as the current one.
 * - `run`: the build is under way; see that somebody works on it.
 * - `inspect`: ask the registry whether it still has the image, then decide again. With a problem: it could not say.
 * - `use`: the image is good: write it into the MachineOSConfig's status.
 * - `done`: the MachineOSConfig has the image.
 * - `retry`: the build failed and is made anew at this time.
 * - `stopped`: the build ended without an image, and stays so until somebody changes something.
 * - `seed`: the image was built before: write it into this build's status, as if it had been built.
 * - `replace`: remember in the MachineOSConfig that this build gives way to a new one, and take the request for a rebuild
 *   away in the same write.
 * - `delete`: delete this build, if it still has this uid.
 * - `forget`: the replacement is done, a rebuild is asked for where a build is made anyway, or the image to begin with is in
 *   force, or comes too late, which the problem says: take the annotation away.
 */
export type BuildStep =
  | { readonly kind: 'wait'; readonly message: string }
  | { readonly kind: 'create'; readonly build: MachineOSBuild }
  | { readonly kind: 'run'; readonly build: string }
  | { readonly kind: 'inspect'; readonly image: string; readonly problem?: BuildFailure }
  | { readonly kind: 'use' | 'done'; readonly build: string; readonly image: string }
  | { readonly kind: 'seed'; readonly build: string; readonly image: string }
  | { readonly kind: 'retry'; readonly build: string; readonly at: Date; readonly message: string }
  | { readonly kind: 'stopped'; readonly build: string; readonly message: string }
  | { readonly kind: 'replace'; readonly replacement: Replacement }
  | { readonly kind: 'delete'; readonly build: string; readonly uid: string }
  | { readonly kind: 'forget'; readonly annotation: 'rebuild' | 'replacement' }
  | { readonly kind: 'forget'; readonly annotation: 'pre-built-image'; readonly problem?: string };

/** What to do now. */
export interface BuildDecision {
  readonly step: BuildStep;
  /** Builds to interrupt, by name: they are under way to an image that nobody wants any more. */
  readonly superseded: readonly string[];
}

/**
 * Decides what to do for a pool's image from what there is, whatever has happened before (contract §4.2, §4.8): one build
 * for each set of inputs, whose image is used again as long as the registry has it. A paused pool builds, and so does one
 * whose nodes are degraded, since the new image may be what mends them. Of a MachineOSConfig that is to begin with an image
 * which exists already, nothing is built before that one is in force (§4.10).
 *
 * @throws OsBuildError `invalid-os-config`
 */
export function buildStep(situation: BuildSituation): BuildDecision {
  const { pool, osConfig, rendered } = situation;
  const target = pool.spec.configuration?.name ?? '';
  if (osConfig.metadata['deletionTimestamp'] !== undefined) {
    return waitFor(`MachineOSConfig ${osConfig.metadata.name} is being deleted`);
  }
  if (target === '') return waitFor(`pool ${pool.metadata.name} has no rendered configuration yet`);
  if (rendered?.metadata.name !== target) return waitFor(`MachineConfig ${target} is not there`);
  const inputs: BuildInputs = { ...situation, rendered };
  const wanted = wantedBuild(inputs, situation.builds);
  const superseded = situation.builds
    .filter((build) => build !== wanted && build.metadata['deletionTimestamp'] === undefined)
    .filter((build) => !isTerminalState(buildStateOf(build)))
    .map(({ metadata }) => metadata.name);
  return { step: nextStep(situation, inputs, wanted), superseded };
}

function nextStep(
  situation: BuildSituation,
  inputs: BuildInputs,
  wanted: MachineOSBuild | undefined,
): BuildStep {
  const { osConfig, builds, circumstances, architectures } = situation;
  const replacement = readReplacement(osConfig);
  if (replacement === 'unreadable') return { kind: 'forget', annotation: 'replacement' };
  if (replacement !== undefined) {
    const old = builds.find(({ metadata }) => metadata['uid'] === replacement.uid);
    if (old !== undefined) return removal(old);
    if (wanted !== undefined) return { kind: 'forget', annotation: 'replacement' };
  }
  if (isNamedTooLate(osConfig)) return forgetSeed(osConfig, wanted);
  const seed = awaitedSeed(osConfig);
  if (wanted === undefined) {
    if (osConfig.metadata.annotations?.[REBUILD_ANNOTATION] !== undefined) {
      return { kind: 'forget', annotation: 'rebuild' };
    }
    if (seed !== undefined) {
      const build = seedBuild(inputs, { circumstances, attempt: 1 });
      return situation.image === 'present' ? { kind: 'create', build } : inspectSeed(situation, seed);
    }
    const origin = { circumstances, attempt: 1, ...(architectures === undefined ? {} : { architectures }) };
    const first = newBuild(inputs, origin);
    const isSame = first.metadata.name === replacement?.name;
    return {
      kind: 'create',
      build: isSame ? newBuild(inputs, { ...origin, attempt: replacement?.attempt ?? 1 }) : first,
    };
  }
  if (wanted.metadata['deletionTimestamp'] !== undefined || !isOwned(wanted, osConfig)) {
    return { kind: 'wait', message: `MachineOSBuild ${wanted.metadata.name} is being deleted` };
  }
  if (osConfig.metadata.annotations?.[REBUILD_ANNOTATION] !== undefined) return replace(wanted, 1);
  return seed === undefined ? followBuild(situation, wanted) : followSeed(situation, wanted, seed);
}

/** What was or is to be built gives way to the image that is there; that one is never run. */
function followSeed(situation: BuildSituation, wanted: MachineOSBuild, image: string): BuildStep {
  const state = buildStateOf(wanted);
  const isOther = state === 'succeeded' && wanted.status?.digestedImagePushSpec !== image;
  if (!isSeed(wanted) || isOther || state === 'failed' || state === 'interrupted') return replace(wanted, 1);
  if (situation.image !== 'present') return inspectSeed(situation, image);
  const build = wanted.metadata.name;
  return { kind: state === 'succeeded' ? 'use' : 'seed', build, image };
}

/** What nobody has cannot be begun with, and is no reason to build something else in its place. */
function inspectSeed({ osConfig, image: found }: BuildSituation, image: string): BuildStep {
  if (found !== 'missing') {
    const problem = typeof found === 'object' ? { problem: found } : {};
    return { kind: 'inspect', image, ...problem };
  }
  const message = `MachineOSConfig ${osConfig.metadata.name} is to begin with image ${image}, as its annotation ${PRE_BUILT_IMAGE_KEY} says, and the registry does not have it; push it, or correct or remove the annotation`;
  return { kind: 'inspect', image, problem: { reason: 'ImageMissing', message } };
}

/** Whether an image to begin with is named although the MachineOSConfig has begun, as it does when the image is in force. */
function isNamedTooLate({ metadata }: MachineOSConfig): boolean {
  const annotations = metadata.annotations ?? {};
  return (
    annotations[PRE_BUILT_IMAGE_KEY] !== undefined && annotations[CURRENT_BUILD_ANNOTATION] !== undefined
  );
}

function forgetSeed({ metadata, status }: MachineOSConfig, wanted: MachineOSBuild | undefined): BuildStep {
  const image = metadata.annotations?.[PRE_BUILT_IMAGE_KEY] ?? '';
  const isInForce = status?.currentImagePullSpec === image;
  if (isInForce || (wanted !== undefined && isSeed(wanted) && wanted.status?.digestedImagePushSpec === image))
    return { kind: 'forget', annotation: 'pre-built-image' };
  return { kind: 'forget', annotation: 'pre-built-image', problem: lateSeedProblem(image) };
}

function followBuild(situation: BuildSituation, wanted: MachineOSBuild): BuildStep {
  const { name } = wanted.metadata;
  if (isForOthers(situation, wanted)) return replace(wanted, 1);
  switch (buildStateOf(wanted)) {
    case 'none':
    case 'initial':
    case 'prepared':
    case 'building':
      // Somebody has taken away what image it stands for.
      return isSeed(wanted) ? replace(wanted, 1) : { kind: 'run', build: name };
    case 'succeeded':
      return useImage(situation, wanted);
    case 'failed': {
      const retry = retryOf(wanted, situation.circumstances, situation.now);
      const message = `MachineOSBuild ${name} failed`;
      if (retry.kind === 'now') return replace(wanted, retry.attempt);
      return retry.kind === 'at'
        ? { kind: 'retry', build: name, at: retry.time, message }
        : { kind: 'stopped', build: name, message: `${message}; change what its condition Failed names` };
    }
    case 'interrupted': {
      const superseded: InterruptionReason = 'Superseded';
      const why = findCondition(wanted.status?.conditions, 'Interrupted')?.reason;
      if (why === superseded) return replace(wanted, 1);
      const remedy = `annotate MachineOSConfig ${situation.osConfig.metadata.name} with ${REBUILD_ANNOTATION} to build again`;
      return {
        kind: 'stopped',
        build: name,
        message: `MachineOSBuild ${name} was interrupted; ${remedy}`,
      };
    }
  }
}

/**
 * Whether a build is for other architectures than are wanted. An image for more of them stays: it would be another image for
 * all nodes without the ones that have gone.
 */
function isForOthers(situation: BuildSituation, build: MachineOSBuild): boolean {
  if (isSeed(build)) return false;
  const recorded = build.metadata.annotations?.[ARCHITECTURES_ANNOTATION];
  if (buildStateOf(build) === 'failed') return recorded !== situation.architectures?.join(',');
  const has = recorded?.split(',');
  return has !== undefined && situation.requiredArchitectures?.every((one) => has.includes(one)) === false;
}

/** An image is used when the registry has confirmed it, and not doubted any more unless the registry denies it. */
function useImage({ osConfig, image: found }: BuildSituation, wanted: MachineOSBuild): BuildStep {
  const image = wanted.status?.digestedImagePushSpec ?? '';
  if (image === '' || found === 'missing') return replace(wanted, 1);
  const build = wanted.metadata.name;
  const isInUse =
    osConfig.status?.currentImagePullSpec === image &&
    osConfig.metadata.annotations?.[CURRENT_BUILD_ANNOTATION] === build;
  if (isInUse) return { kind: 'done', build, image };
  if (found === 'present') return { kind: 'use', build, image };
  return { kind: 'inspect', image, ...(found === undefined ? {} : { problem: found }) };
}

/**
 * The build of these inputs: of the name that they give, or else one that differs only in which MachineConfigs the same
 * configuration was rendered from.
 */
function wantedBuild(inputs: BuildInputs, builds: readonly MachineOSBuild[]): MachineOSBuild | undefined {
  const { name } = newBuild(inputs, { circumstances: '', attempt: 1 }).metadata;
  const hash = inputsHash(inputs);
  const current = inputs.osConfig.metadata.annotations?.[CURRENT_BUILD_ANNOTATION];
  const same = builds.filter(({ metadata }) => metadata.annotations?.[INPUTS_ANNOTATION] === hash);
  return (
    builds.find(({ metadata }) => metadata.name === name) ??
    same.find(({ metadata }) => metadata.name === current) ??
    same[0]
  );
}

/** A build of an earlier MachineOSConfig of the same name goes with that one. */
function isOwned({ metadata }: MachineOSBuild, osConfig: MachineOSConfig): boolean {
  const owners = metadata['ownerReferences'];
  const { uid } = osConfig.metadata;
  if (!Array.isArray(owners) || uid === undefined) return true;
  return (owners as readonly unknown[]).some(
    (owner) => typeof owner === 'object' && owner !== null && Reflect.get(owner, 'uid') === uid,
  );
}

function removal({ metadata }: MachineOSBuild): BuildStep {
  const { uid } = metadata;
  return metadata['deletionTimestamp'] === undefined
    ? { kind: 'delete', build: metadata.name, uid: typeof uid === 'string' ? uid : '' }
    : { kind: 'wait', message: `MachineOSBuild ${metadata.name} is being deleted` };
}

function replace(build: MachineOSBuild, attempt: number): BuildStep {
  return { kind: 'replace', replacement: replacementOf(build, attempt) };
}

function waitFor(message: string): BuildDecision {
  return { step: { kind: 'wait', message }, superseded: [] };
}
