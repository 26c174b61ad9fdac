import { bad, invalid, merge, post, type BadObjects, type Cause } from './bad-object.ts';

const GROUP = 'rbac.authorization.k8s.io';
const role = (...rules: object[]): ReturnType<typeof post> =>
  post('roles', { metadata: { name: 'x' }, rules });
const badRole = (...causes: Cause[]): ReturnType<typeof invalid> => invalid(`Role.${GROUP}`, 'x', ...causes);
const binding = (more: object, name = 'x'): ReturnType<typeof post> =>
  post('rolebindings', {
    metadata: { name },
    roleRef: { apiGroup: GROUP, kind: 'Role', name: 'r' },
    ...more,
  });
const badBinding = (...causes: Cause[]): ReturnType<typeof invalid> =>
  invalid(`RoleBinding.${GROUP}`, 'x', ...causes);

/** Roles and bindings (k8s.io/kubernetes/pkg/apis/rbac/validation). */
export const badRoles: BadObjects = {
  'a rule without verbs': bad(
    role({ apiGroups: [''], resources: ['pods'], verbs: [] }),
    badRole(['rules[0].verbs', 'Required value: verbs must contain at least one value']),
  ),
  'a rule without groups': bad(
    role({ resources: ['pods'], verbs: ['get'] }),
    badRole(['rules[0].apiGroups', 'Required value: resource rules must supply at least one api group']),
  ),
  'a rule without resources': bad(
    role({ apiGroups: [''], verbs: ['get'] }),
    badRole(['rules[0].resources', 'Required value: resource rules must supply at least one resource']),
  ),
  'a Role of URLs': bad(
    role({ nonResourceURLs: ['/healthz'], verbs: ['get'] }),
    badRole([
      'rules[0].nonResourceURLs',
      'Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
    ]),
  ),
  'a rule of URLs and resources': bad(
    post('clusterroles', {
      metadata: { name: 'x' },
      rules: [{ apiGroups: [''], resources: ['pods'], nonResourceURLs: ['/healthz'], verbs: ['get'] }],
    }),
    invalid(`ClusterRole.${GROUP}`, 'x', [
      'rules[0].nonResourceURLs',
      'Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs',
    ]),
  ),
  'a binding of no role': bad(
    binding({ roleRef: { apiGroup: GROUP, kind: 'Role', name: '' } }),
    badBinding(['roleRef.name', 'Required value']),
  ),
  'a binding of what is no role': bad(
    binding({ roleRef: { apiGroup: GROUP, kind: 'Secret', name: 'r' } }),
    badBinding(['roleRef.kind', 'Unsupported value: "Secret": supported values: "Role", "ClusterRole"']),
  ),
  'a binding of another group’s role': bad(
    binding({ roleRef: { apiGroup: 'example.com', kind: 'Role', name: 'r' } }),
    badBinding(['roleRef.apiGroup', `Unsupported value: "example.com": supported values: "${GROUP}"`]),
  ),
  'a ClusterRoleBinding of a Role': bad(
    post('clusterrolebindings', {
      metadata: { name: 'x' },
      roleRef: { apiGroup: GROUP, kind: 'Role', name: 'r' },
    }),
    invalid(`ClusterRoleBinding.${GROUP}`, 'x', [
      'roleRef.kind',
      'Unsupported value: "Role": supported values: "ClusterRole"',
    ]),
  ),
  'a subject without a name': bad(
    binding({ subjects: [{ apiGroup: GROUP, kind: 'User', name: '' }] }),
    badBinding(['subjects[0].name', 'Required value']),
  ),
  'a subject of a kind that there is not': bad(
    binding({ subjects: [{ kind: 'Robot', name: 'r' }] }),
    badBinding([
      'subjects[0].kind',
      'Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ]),
  ),
  'a service account without a namespace': bad(
    post('clusterrolebindings', {
      metadata: { name: 'x' },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'r' },
      subjects: [{ kind: 'ServiceAccount', name: 's' }],
    }),
    invalid(`ClusterRoleBinding.${GROUP}`, 'x', ['subjects[0].namespace', 'Required value']),
  ),
  'a user of another group': bad(
    binding({ subjects: [{ apiGroup: 'example.com', kind: 'User', name: 'u' }] }),
    badBinding(['subjects[0].apiGroup', `Unsupported value: "example.com": supported values: "${GROUP}"`]),
  ),
  'another role of a binding': bad(
    merge('rolebindings/bound', { roleRef: { name: 'other' } }),
    invalid(`RoleBinding.${GROUP}`, 'bound', [
      'roleRef',
      `Invalid value: {"APIGroup":"${GROUP}","Kind":"Role","Name":"other"}: cannot change roleRef`,
    ]),
    binding({}, 'bound'),
  ),
};
