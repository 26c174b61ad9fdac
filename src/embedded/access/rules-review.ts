import { type JsonObject, textAt } from '../../schema/index.ts';
import { nodeIdentity } from './node-identity.ts';
import { policyRuleObject } from './policy-rule.ts';
import type { RbacPolicy } from './rbac-policy.ts';
import { badRequest } from '../status/index.ts';
import type { Reviewed } from './review.ts';
import type { User } from './user.ts';

/** Answers a SelfSubjectRulesReview (`kubectl auth can-i --list`): what may I do in this namespace? */
export function reviewRules(review: JsonObject, self: User, policy: RbacPolicy): Reviewed {
  const namespace = textAt(review, 'spec', 'namespace');
  if (namespace === '') return { refusal: badRequest('no namespace on request') };
  const { rules, problem } = policy.rulesFor(self, namespace);
  const isNode = nodeIdentity(self) !== undefined;
  const problems = [isNode ? 'node authorizer does not support user rule resolution' : '', problem].filter(
    (text) => text !== '',
  );
  const noNames = { resourceNames: [], apiGroups: [], resources: [] };
  return {
    object: {
      kind: 'SelfSubjectRulesReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: {},
      spec: {},
      status: {
        resourceRules: rules
          .filter(({ resources }) => resources.length > 0)
          .map((rule) => policyRuleObject({ ...rule, nonResourceURLs: [] })),
        nonResourceRules: rules
          .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
          .map((rule) => policyRuleObject({ ...rule, ...noNames })),
        incomplete: problems.length > 0,
        ...(problems.length === 0 ? {} : { evaluationError: problems.join(', ') }),
      },
    },
  };
}
