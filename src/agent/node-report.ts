import {
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  FINALIZE_FAILURE_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  PREFETCHED_IMAGE_ANNOTATION,
  REASON_ANNOTATION,
  ROLLBACK_CONFIG_ANNOTATION,
  ROLLBACK_IMAGE_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
} from '../api/index.ts';
import type { Deployment } from '../host/index.ts';
import type { HostView } from './host-view.ts';
import { prefetchedImage, stagedAhead } from './ahead-of-turn.ts';
import { attemptOf, type Journal } from './journal.ts';
import { isBetween, satisfied } from './live-record.ts';
import type { AgentNode, NodeWishes } from './node-wishes.ts';
import { type AgentFacts, hasArrived, type Plan } from './situation.ts';
import { pinnedName, settledAs, targetOf } from './target.ts';

/** Characters of a reason (contract §1.13). */
const LONGEST_REASON = 2000;

/** Annotations to write; null takes one away. Empty: there is nothing to write. */
export type AnnotationChanges = Readonly<Record<string, string | null>>;

/**
 * What a Node is to say of its host (contract §1.13, §5.15), where it does not say so already. While a step only
 * remembers something, or the host cannot be seen and no person has to look, it goes on saying what it said: a state
 * that flickers tells nobody anything.
 */
export function nodeReport({ metadata }: AgentNode, facts: AgentFacts, plan: Plan): AnnotationChanges {
  const found = metadata.annotations ?? {};
  const wanted: Record<string, string | undefined> = {
    ...stateOf(plan),
    ...(plan.step.kind === 'record' ? {} : factsOf(facts, plan)),
  };
  const changes: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(wanted)) {
    if (value === undefined && found[key] !== undefined) changes[key] = null;
    if (value !== undefined && found[key] !== value) changes[key] = value;
  }
  return changes;
}

function stateOf(plan: Plan): Record<string, string | undefined> {
  const { phase, degraded, step } = plan;
  if (step.kind === 'record') return {};
  if (degraded !== undefined) {
    return { [STATE_ANNOTATION]: 'Degraded', [REASON_ANNOTATION]: shortened(degraded, LONGEST_REASON) };
  }
  if (phase === 'checking' || phase === 'unmanaged') return {};
  return { [STATE_ANNOTATION]: hasArrived(plan) ? 'Done' : 'Working', [REASON_ANNOTATION]: undefined };
}

function factsOf(
  { journal: reading, host, node, policy }: AgentFacts,
  { phase, drain, staged }: Plan,
): Record<string, string | undefined> {
  if (host.state !== 'fresh' || reading.state !== 'read') return {};
  const { journal } = reading;
  const { view } = host;
  const current = currentOf(journal, view);
  const rollback = identify(view.status.rollback, journal, undefined);
  const wanted: Record<string, string | undefined> = {
    ...(current === undefined
      ? {}
      : { [CURRENT_CONFIG_ANNOTATION]: current.config, [CURRENT_IMAGE_ANNOTATION]: current.image }),
    [ROLLBACK_CONFIG_ANNOTATION]: rollback?.config,
    [ROLLBACK_IMAGE_ANNOTATION]: rollback?.image ?? pinnedName(view.status.rollback),
  };
  if (phase === 'unmanaged') return current === undefined ? {} : wanted;
  if (drain !== undefined) wanted[DESIRED_DRAIN_ANNOTATION] = `${drain}-${node.desiredConfig ?? ''}`;
  wanted[PREFETCHED_IMAGE_ANNOTATION] = prefetchedImage({ node, journal, view });
  // A node that is drained is about to reboot into it.
  if (phase !== 'applying' && phase !== 'rebooting')
    wanted[STAGED_IMAGE_ANNOTATION] = staged ?? stagedAhead({ node, journal, view, policy });
  wanted[POST_CONFIG_ACTION_ANNOTATION] = phase === 'rebooting' ? 'Rebooting' : undefined;
  wanted[FINALIZE_FAILURE_ANNOTATION] = finalizationFailure(node, journal, view);
  return wanted;
}

/** What the host is like: what is booted, or what it was brought to since. In between, what was said stands. */
function currentOf(journal: Journal, view: HostView): ReturnType<typeof identify> {
  const live = satisfied(journal, view);
  if (live !== undefined) return { config: live.config, image: live.image };
  return isBetween(journal, view) ? undefined : identify(view.status.booted, journal, view);
}

/**
 * What is known of a deployment in the words of its Node; undefined when nothing is. `view` tells what the running image
 * says of itself.
 */
function identify(
  deployment: Deployment | undefined,
  journal: Journal,
  view: HostView | undefined,
): { readonly config: string | undefined; readonly image: string | undefined } | undefined {
  const settled = settledAs(deployment, journal);
  if (settled !== undefined) {
    return { config: settled.config, image: settled.kind === 'image' ? settled.image : undefined };
  }
  const config = view?.image.config;
  return config === undefined ? undefined : { config, image: pinnedName(deployment) };
}

/** Why the last reboot into the image that is wanted left the old one running. */
function finalizationFailure(node: NodeWishes, journal: Journal, view: HostView): string | undefined {
  const target = targetOf(node, journal, view);
  if (target.kind !== 'image' && target.kind !== 'base') return undefined;
  const last = attemptOf(journal, target.digest).failures.at(-1);
  return last?.kind === 'finalization' ? shortened(last.message, LONGEST_REASON) : undefined;
}

/** A text cut to so many UTF-16 units, never in the midst of a character. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}
