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
} from './well-known-keys.ts';

/**
 * The annotations of its Node that an agent may write (contract §1.13, §5.15): what it says of its host. What is asked of it, as the
 * image that it is to run and the word that the node is drained, is for others to say: an agent that could would need no permit.
 * Admission policies are made from this list.
 */
export const AGENT_ANNOTATIONS: readonly string[] = [
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
  REASON_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  FINALIZE_FAILURE_ANNOTATION,
  ROLLBACK_CONFIG_ANNOTATION,
  ROLLBACK_IMAGE_ANNOTATION,
  PREFETCHED_IMAGE_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
];

/** The name of the agents' service account, in Varve's namespace: one for all, with tokens that are bound each to its node. */
export const AGENT_SERVICE_ACCOUNT = 'varve-agent';
