import { textAt } from '../../schema/index.ts';
import type { ReadObject } from './read-object.ts';
import { decideForNode } from './node-authorizer.ts';
import type { RbacPolicy } from './rbac-policy.ts';
import type { Authorize } from './request-attributes.ts';
import { mastersGroup } from './user.ts';

/**
 * Decides requests as a cluster with `--authorization-mode=Node,RBAC`: the group `system:masters` may everything, nodes
 * what nodes may, and all what roles give them.
 */
export function authorizer(policy: RbacPolicy, read: ReadObject): Authorize {
  const nodeOfPod = (namespace: string, name: string): string | undefined => {
    const pod = read('v1', 'Pod', namespace, name);
    return pod === undefined ? undefined : textAt(pod, 'spec', 'nodeName');
  };
  return (attributes) => {
    if (attributes.user.groups.includes(mastersGroup)) return { allowed: true, reason: '' };
    const asNode = decideForNode(attributes, nodeOfPod);
    if (asNode?.allowed === true) return asNode;
    const byRoles = policy.decide(attributes);
    if (byRoles.allowed) return byRoles;
    const reasons = [asNode?.reason ?? '', byRoles.reason].filter((reason) => reason !== '');
    return { allowed: false, reason: reasons.join('\n') };
  };
}
