import { rbacGroup, type RbacSource } from './rbac-source.ts';
import { type PolicyRule, ruleAllows } from './policy-rule.ts';
import { type Grant, RbacIndex, type RoleReference } from './rbac-index.ts';
import { aggregate, notFound, type StatusError } from '../status/index.ts';
import type { Decision, RequestAttributes } from './request-attributes.ts';
import type { User } from './user.ts';

/** What roles and bindings allow; always of the present state, indexed again only after a change. */
export class RbacPolicy {
  readonly #source: RbacSource;
  #index: RbacIndex | undefined;
  #version: number | undefined;

  constructor(source: RbacSource) {
    this.#source = source;
  }

  /** `RBAC: allowed by …`; where a binding's role is missing, that is the reason of a refusal. */
  decide(attributes: RequestAttributes): Decision {
    const problems = new Set<string>();
    for (const grants of this.#current().grantsFor(attributes.user, attributes.namespace)) {
      for (const grant of grants) {
        if (grant.problem !== '') problems.add(grant.problem);
        else if (grant.rules.some((rule) => ruleAllows(rule, attributes))) {
          return { allowed: true, reason: `RBAC: allowed by ${grant.description}` };
        }
      }
    }
    return { allowed: false, reason: problems.size === 0 ? '' : `RBAC: ${aggregate(problems)}` };
  }

  /** Everything that the user may do in a namespace, and elsewhere outside namespaces. */
  rulesFor(
    user: User,
    namespace: string,
  ): { readonly rules: readonly PolicyRule[]; readonly problem: string } {
    const grants: Grant[] = [...this.#current().grantsFor(user, namespace)].flat();
    const problems = new Set(grants.map(({ problem }) => problem).filter((problem) => problem !== ''));
    return {
      rules: grants.flatMap(({ rules }) => rules),
      problem: problems.size === 0 ? '' : aggregate(problems),
    };
  }

  /** The rules that a binding's role has; a refusal if the role is not there. */
  rulesOf(reference: RoleReference, namespace: string): readonly PolicyRule[] | StatusError {
    const plural = reference.kind === 'Role' ? 'roles' : 'clusterroles';
    return (
      this.#current().rulesOf(reference, namespace) ?? notFound({ group: rbacGroup, plural }, reference.name)
    );
  }

  #current(): RbacIndex {
    const version = this.#source.version();
    if (this.#index === undefined || this.#version !== version) {
      this.#index = new RbacIndex(this.#source);
      this.#version = version;
    }
    return this.#index;
  }
}
