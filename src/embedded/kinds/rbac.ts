import { compareText } from '../../ignition/index.ts';
import {
  dns1123SubdomainProblems,
  invalidValue,
  listAt,
  objectAt,
  objectsAt,
  requiredValue,
  sameJson,
  textAt,
  unsupportedValue,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { selectorErrors } from './label-selector.ts';
import { ensureObject, setDefault, setDefaultText } from './members.ts';
import { pathSegmentProblems } from './names.ts';
import { invalidFor } from './problems.ts';
import { AGE, DEFAULT_TABLE, NAME, ageCell, nameCell } from './table.ts';
import type { TableRules } from './table.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** The four kinds of rbac.authorization.k8s.io/v1. Who may grant what is decided where requests are authorized. */
export const rbacKinds: readonly BuiltInKind[] = [
  binding('ClusterRoleBinding', 'clusterrolebindings', false),
  role('ClusterRole', 'clusterroles', false),
  binding('RoleBinding', 'rolebindings', true),
  role('Role', 'roles', true),
];

function role(kind: string, plural: string, namespaced: boolean): BuiltInKind {
  return {
    group: GROUP,
    version: 'v1',
    kind,
    plural,
    namespaced,
    strategy: {
      names: pathSegmentProblems,
      createsOnUpdate: true,
      // Not omitted when it is empty.
      defaults: (object) => setDefault(object, 'rules', null),
      validate: (object) => [
        ...objectsAt(object, 'rules').flatMap((rule, index) =>
          ruleErrors(rule, `rules[${index}]`, namespaced),
        ),
        ...(namespaced ? [] : aggregationErrors(object)),
      ],
    },
    table: DEFAULT_TABLE,
  };
}

function binding(kind: string, plural: string, namespaced: boolean): BuiltInKind {
  return {
    group: GROUP,
    version: 'v1',
    kind,
    plural,
    namespaced,
    strategy: {
      names: pathSegmentProblems,
      createsOnUpdate: true,
      defaults(object) {
        setDefaultText(ensureObject(object, 'roleRef'), 'apiGroup', GROUP);
        for (const subject of objectsAt(object, 'subjects')) {
          if (textAt(subject, 'kind') !== 'ServiceAccount') setDefaultText(subject, 'apiGroup', GROUP);
        }
      },
      validate: (object) => [
        ...roleRefErrors(objectAt(object, 'roleRef') ?? {}, namespaced),
        ...objectsAt(object, 'subjects').flatMap((subject, index) =>
          subjectErrors(subject, `subjects[${index}]`, namespaced),
        ),
      ],
      validateUpdate(object, old) {
        const roleRef = objectAt(object, 'roleRef') ?? {};
        if (sameJson(roleRef, objectAt(old, 'roleRef') ?? {})) return [];
        // Printed by the server's own type, which has no JSON names.
        const value = {
          APIGroup: textAt(roleRef, 'apiGroup'),
          Kind: textAt(roleRef, 'kind'),
          Name: textAt(roleRef, 'name'),
        };
        return [invalidValue('roleRef', value, 'cannot change roleRef')];
      },
    },
    table: bindingTable(kind),
  };
}

function bindingTable(kind: string): TableRules {
  const name = kind.charAt(0).toLowerCase() + kind.slice(1);
  return {
    columns: [
      NAME,
      { name: 'Role', field: 'roleRef' },
      AGE,
      { name: 'Users', wide: true, description: `Users in the ${name}` },
      { name: 'Groups', wide: true, description: `Groups in the ${name}` },
      { name: 'ServiceAccounts', wide: true, description: `ServiceAccounts in the ${name}` },
    ],
    cells: (object, now) => [
      nameCell(object),
      `${textAt(object, 'roleRef', 'kind')}/${textAt(object, 'roleRef', 'name')}`,
      ageCell(object, now),
      subjectsCell(object, 'User'),
      subjectsCell(object, 'Group'),
      subjectsCell(object, 'ServiceAccount'),
    ],
  };
}

function subjectsCell(object: JsonObject, kind: string): string {
  return objectsAt(object, 'subjects')
    .filter((subject) => textAt(subject, 'kind') === kind)
    .map((subject) =>
      kind === 'ServiceAccount'
        ? `${textAt(subject, 'namespace')}/${textAt(subject, 'name')}`
        : textAt(subject, 'name'),
    )
    .sort(compareText)
    .join(', ');
}

function ruleErrors(rule: JsonObject, field: string, namespaced: boolean): FieldError[] {
  const has = (member: string): boolean => listAt(rule, member).length > 0;
  const errors: FieldError[] = [];
  if (!has('verbs')) errors.push(requiredValue(`${field}.verbs`, 'verbs must contain at least one value'));
  if (has('nonResourceURLs')) {
    const urls = listAt(rule, 'nonResourceURLs');
    if (namespaced) {
      const detail = 'namespaced rules cannot apply to non-resource URLs';
      errors.push(invalidValue(`${field}.nonResourceURLs`, urls, detail));
    }
    if (has('apiGroups') || has('resources') || has('resourceNames')) {
      const detail = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.push(invalidValue(`${field}.nonResourceURLs`, urls, detail));
    }
    return errors;
  }
  if (!has('apiGroups')) {
    errors.push(requiredValue(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (!has('resources')) {
    errors.push(requiredValue(`${field}.resources`, 'resource rules must supply at least one resource'));
  }
  return errors;
}

function aggregationErrors(object: JsonObject): FieldError[] {
  const rule = valueAt(object, 'aggregationRule');
  if (rule === undefined) return [];
  const field = 'aggregationRule.clusterRoleSelectors';
  const selectors = listAt(rule, 'clusterRoleSelectors');
  if (selectors.length === 0) {
    return [requiredValue(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return selectors.flatMap((selector, index) => selectorErrors(`${field}[${index}]`, selector));
}

function roleRefErrors(roleRef: JsonObject, namespaced: boolean): FieldError[] {
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const errors: FieldError[] = [];
  const apiGroup = textAt(roleRef, 'apiGroup');
  const kind = textAt(roleRef, 'kind');
  const name = textAt(roleRef, 'name');
  if (apiGroup !== GROUP) errors.push(unsupportedValue('roleRef.apiGroup', apiGroup, [GROUP]));
  if (!kinds.includes(kind)) errors.push(unsupportedValue('roleRef.kind', kind, kinds));
  if (name === '') errors.push(requiredValue('roleRef.name'));
  else errors.push(...invalidFor('roleRef.name', name, pathSegmentProblems(name)));
  return errors;
}

function subjectErrors(subject: JsonObject, field: string, namespaced: boolean): FieldError[] {
  const kind = textAt(subject, 'kind');
  const name = textAt(subject, 'name');
  const apiGroup = textAt(subject, 'apiGroup');
  const errors: FieldError[] = name === '' ? [requiredValue(`${field}.name`)] : [];
  if (kind === 'ServiceAccount') {
    if (name !== '') errors.push(...invalidFor(`${field}.name`, name, dns1123SubdomainProblems(name)));
    if (apiGroup !== '') errors.push(unsupportedValue(`${field}.apiGroup`, apiGroup, ['']));
    if (!namespaced && textAt(subject, 'namespace') === '') errors.push(requiredValue(`${field}.namespace`));
    return errors;
  }
  if (kind !== 'User' && kind !== 'Group') {
    return [...errors, unsupportedValue(`${field}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
  if (apiGroup !== GROUP) errors.push(unsupportedValue(`${field}.apiGroup`, apiGroup, [GROUP]));
  return errors;
}
