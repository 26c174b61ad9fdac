// A machine of the model: its agent, its host and its kubelet, as far as the API shows them.
import {
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DISRUPTION_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  PREFETCH_IMAGE_ANNOTATION,
  PREFETCHED_IMAGE_ANNOTATION,
  REASON_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
} from '../api/index.ts';
import type { RolloutNode } from './node-state.ts';

export type ModelNode = RolloutNode;

/** What is really there, behind what the API says. */
export interface Machine {
  readonly name: string;
  config: string;
  image: string;
  /** The image that is pulled. */
  pulled: string;
  /** Whether it stages what it pulls, and locks it; `eagerly`: though nobody has asked for it yet, so that it is often ready. */
  readonly stages: 'no' | 'asked' | 'eagerly';
  /** What it has heard that it is to reboot into, since it is drained; whatever happens to its Node, it does. */
  heard: { readonly config: string; readonly image: string } | undefined;
  isUp: boolean;
  hasAgent: boolean;
  /** Conditions of the MachineConfigNode changed last at this time; 0: there was never an agent. */
  agentTime: number;
  isRebooting: boolean;
  /** What it boots next. */
  next: { readonly config: string; readonly image: string };
  pods: number;
  /** A budget that keeps the pods where they are. */
  isBlocked: boolean;
  /** A person cordoned it, and nobody took that back. */
  isCordonedByPerson: boolean;
  reboots: number;
}

/** Images that no host gets to run, and images that leave a node that is not Ready. */
export const UNSTAGEABLE = '@sha256:unstageable';
export const UNWELL = '@sha256:unwell';
/** A note that says that a change is made while the node serves; the agent finds out otherwise where the image says so. */
export const LIVE_NOTE = 'live';
export const NOT_LIVE_AFTER_ALL = '@sha256:surprise';

export type Annotations = Readonly<Record<string, string | null>>;

export interface AgentMove {
  readonly annotations?: Annotations;
  readonly reboot?: boolean;
}

/**
 * What the agent of a machine does next; undefined: nothing. Reads what the API server has, not a cache.
 *
 * @param goal the image that the node's pool wants; empty where there is none
 */
export function agentMove(machine: Machine, node: ModelNode, goal: string): AgentMove | undefined {
  if (!machine.isUp || !machine.hasAgent || machine.isRebooting) return undefined;
  if (machine.heard !== undefined) return { reboot: true };
  const annotation = (key: string): string => node.metadata.annotations?.[key] ?? '';
  const changed = (wanted: Annotations): AgentMove | undefined => {
    const news = Object.entries(wanted).filter(([key, value]) => annotation(key) !== (value ?? ''));
    return news.length === 0 ? undefined : { annotations: Object.fromEntries(news) };
  };
  const config = annotation(DESIRED_CONFIG_ANNOTATION);
  const image = annotation(DESIRED_IMAGE_ANNOTATION);
  const prefetch = annotation(PREFETCH_IMAGE_ANNOTATION) || (machine.stages === 'eagerly' ? goal : '');
  const runs = {
    [STAGED_IMAGE_ANNOTATION]: stagedOf(machine, [prefetch, image]),
    [CURRENT_CONFIG_ANNOTATION]: machine.config === '' ? null : machine.config,
    [CURRENT_IMAGE_ANNOTATION]: machine.image === '' ? null : machine.image,
    [POST_CONFIG_ACTION_ANNOTATION]: null,
  };
  if (machine.agentTime === 0 || config === '') return changed(runs) ?? pull(machine, prefetch, changed);
  if (image === machine.image) {
    machine.config = config;
    const there = { ...runs, [CURRENT_CONFIG_ANNOTATION]: config, [REASON_ANNOTATION]: null };
    const asked = annotation(DESIRED_DRAIN_ANNOTATION);
    if (asked.startsWith('drain-') || (asked !== '' && asked !== annotation(LAST_APPLIED_DRAIN_ANNOTATION))) {
      return changed({
        ...there,
        [STATE_ANNOTATION]: 'Done',
        [DESIRED_DRAIN_ANNOTATION]: `uncordon-${config}`,
      });
    }
    return changed({ ...there, [STATE_ANNOTATION]: 'Done' }) ?? pull(machine, prefetch, changed);
  }
  if (image.endsWith(UNSTAGEABLE)) {
    return changed({ ...runs, [STATE_ANNOTATION]: 'Degraded', [REASON_ANNOTATION]: 'it cannot be staged' });
  }
  if (machine.pulled !== image) {
    machine.pulled = image;
    return changed({ ...runs, [STATE_ANNOTATION]: 'Working', [REASON_ANNOTATION]: null }) ?? {};
  }
  const isLive = annotation(DISRUPTION_ANNOTATION) === LIVE_NOTE && !image.endsWith(NOT_LIVE_AFTER_ALL);
  if (isLive && !image.endsWith(UNWELL)) {
    machine.image = image;
    machine.config = config;
    return {};
  }
  const drain = `drain-${config}`;
  const isDrained =
    annotation(DESIRED_DRAIN_ANNOTATION) === drain &&
    annotation(LAST_APPLIED_DRAIN_ANNOTATION) === drain &&
    node.spec?.unschedulable === true;
  if (!isDrained) {
    if (annotation(POST_CONFIG_ACTION_ANNOTATION) === 'Rebooting') return changed(runs);
    return changed({
      ...runs,
      [STATE_ANNOTATION]: 'Working',
      [REASON_ANNOTATION]: null,
      [DESIRED_DRAIN_ANNOTATION]: drain,
    });
  }
  if (annotation(POST_CONFIG_ACTION_ANNOTATION) === 'Rebooting') {
    machine.heard = { config, image };
    return {};
  }
  return { annotations: { [POST_CONFIG_ACTION_ANNOTATION]: 'Rebooting' }, reboot: true };
}

function pull(
  machine: Machine,
  image: string,
  changed: (wanted: Annotations) => AgentMove | undefined,
): AgentMove | undefined {
  if (image !== '' && !image.endsWith(UNSTAGEABLE)) machine.pulled = image;
  const isThere = image !== '' && machine.pulled === image;
  return changed({
    [PREFETCHED_IMAGE_ANNOTATION]: isThere ? image : null,
    [STAGED_IMAGE_ANNOTATION]: stagedOf(machine, [image]),
  });
}

/** What is staged of what is wanted, now or next. */
function stagedOf({ stages, pulled, image }: Machine, wanted: readonly string[]): string | null {
  return stages !== 'no' && pulled !== '' && pulled !== image && wanted.includes(pulled) ? pulled : null;
}

/** The same node with other annotations. */
export function annotated(node: ModelNode, changes: Annotations): ModelNode {
  const annotations: Record<string, string> = { ...node.metadata.annotations };
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete annotations[key];
    else annotations[key] = value;
  }
  return { ...node, metadata: { ...node.metadata, annotations } };
}

export function schedulable(node: ModelNode, is: boolean): ModelNode {
  const { unschedulable: _, ...spec } = node.spec ?? {};
  return { ...node, spec: is ? spec : { ...spec, unschedulable: true } };
}

export function withReady(node: ModelNode, isReady: boolean, now: number): ModelNode {
  const status = isReady ? 'True' : 'Unknown';
  const found = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (found?.status === status) return node;
  const condition = { type: 'Ready', status, lastTransitionTime: new Date(now).toISOString() };
  return { ...node, status: { conditions: [condition] } };
}
