import { AGENT_SERVICE_ACCOUNT, OPERATOR_NAMESPACE } from '../../api/index.ts';
import {
  agentsGroup,
  extraKeys,
  nodesGroup,
  nodeUserPrefix,
  parseServiceAccountUsername,
  serviceAccountUsername,
  type User,
} from './user.ts';

/** The service account of the agents: one for all, with tokens that are bound each to its node. */
const agentServiceAccount = {
  namespace: OPERATOR_NAMESPACE,
  name: AGENT_SERVICE_ACCOUNT,
} as const;

const agentUsername = serviceAccountUsername(agentServiceAccount.namespace, agentServiceAccount.name);

/**
 * Which node a user speaks for: a kubelet's `system:node:NAME` in the group `system:nodes`, or an agent whose token is
 * bound to a node, or to a pod on one. Empty for an agent with any other token; undefined for everybody else.
 */
export function nodeIdentity(user: User): string | undefined {
  if (user.username.startsWith(nodeUserPrefix) && user.groups.includes(nodesGroup)) {
    return user.username.slice(nodeUserPrefix.length);
  }
  return user.username === agentUsername ? boundNode(user) : undefined;
}

/**
 * Whether a user that speaks for a node is its agent and not its kubelet: by the agents' service account, or by a certificate
 * of `varve up`, which names the node as a kubelet's does and has one group more.
 */
export function isAgent(user: User): boolean {
  return user.username === agentUsername || user.groups.includes(agentsGroup);
}

/** The node that a service account's token is bound to; empty if it is none. */
export function boundNode(user: User): string {
  if (parseServiceAccountUsername(user.username) === undefined) return '';
  const [name, ...others] = user.extra.get(extraKeys.nodeName) ?? [];
  return others.length === 0 ? (name ?? '') : '';
}
