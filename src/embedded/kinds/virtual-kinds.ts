import type { Verb } from './kind.ts';

/** A kind that is answered but not stored: discovery names it, and the request handler makes it up. */
export interface VirtualKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
}

/** In the order in which discovery names groups. */
export const virtualKinds: readonly VirtualKind[] = [
  created('', 'Binding', 'bindings', true),
  created('authentication.k8s.io', 'SelfSubjectReview', 'selfsubjectreviews', false),
  created('authentication.k8s.io', 'TokenReview', 'tokenreviews', false),
  created('authorization.k8s.io', 'LocalSubjectAccessReview', 'localsubjectaccessreviews', true),
  created('authorization.k8s.io', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', false),
  created('authorization.k8s.io', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', false),
  created('authorization.k8s.io', 'SubjectAccessReview', 'subjectaccessreviews', false),
];

function created(group: string, kind: string, plural: string, namespaced: boolean): VirtualKind {
  return { group, version: 'v1', kind, plural, singular: kind.toLowerCase(), namespaced, verbs: ['create'] };
}
