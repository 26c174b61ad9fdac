import {
  dns1035LabelProblems,
  dns1123SubdomainProblems,
  forbiddenValue,
  invalidValue,
  isTrueAt,
  listAt,
  objectAt,
  objectsAt,
  requiredValue,
  sameJson,
  textAt,
  textsAt,
  unsupportedValue,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import { hasCondition } from './conditions.ts';
import { unlessSame } from './problems.ts';
import { versionErrors } from './version-validation.ts';

const SCOPES = ['Cluster', 'Namespaced'];

/** What is wrong with a CustomResourceDefinition (ValidateCustomResourceDefinition). */
export function definitionErrors(object: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const name = textAt(object, 'metadata', 'name');
  const errors: FieldError[] = [];
  if (name !== `${textAt(spec, 'names', 'plural')}.${textAt(spec, 'group')}`) {
    errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  return [...errors, ...specErrors(spec), ...storedVersionErrors(object)];
}

/** What is wrong with an update beside: names may not change, nor the scope once objects are served. */
export function definitionUpdateErrors(object: JsonObject, old: JsonObject): FieldError[] {
  const fixed = [['group'], ['names', 'plural']];
  const paths = hasCondition(old, 'Established') ? [['scope'], ['names', 'kind'], ...fixed] : fixed;
  return paths.flatMap((path) =>
    unlessSame(`spec.${path.join('.')}`, valueAt(object, 'spec', ...path), valueAt(old, 'spec', ...path)),
  );
}

function specErrors(spec: JsonObject): FieldError[] {
  const group = textAt(spec, 'group');
  const scope = textAt(spec, 'scope');
  const errors: FieldError[] = [];
  if (group === '') errors.push(requiredValue('spec.group'));
  else {
    const problems = dns1123SubdomainProblems(group);
    if (problems.length > 0) errors.push(invalidValue('spec.group', group, problems.join(',')));
    else if (!group.includes('.')) {
      errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
    }
  }
  if (scope === '') errors.push(requiredValue('spec.scope'));
  else if (!SCOPES.includes(scope)) errors.push(unsupportedValue('spec.scope', scope, SCOPES));
  return [
    ...errors,
    ...versionListErrors(spec),
    ...requiredNames(spec),
    ...nameErrors(spec),
    ...perVersion(spec),
    ...conversionErrors(spec),
  ];
}

function versionListErrors(spec: JsonObject): FieldError[] {
  const versions = objectsAt(spec, 'versions');
  const errors: FieldError[] = [];
  const names = versions.map((version) => textAt(version, 'name'));
  for (const [index, name] of names.entries()) {
    const problems = dns1035LabelProblems(name);
    if (problems.length > 0) {
      errors.push(invalidValue(`spec.versions[${index}].name`, name, problems.join(',')));
    }
  }
  const value = listAt(spec, 'versions');
  if (new Set(names).size < names.length) {
    errors.push(invalidValue('spec.versions', value, 'must contain unique version names'));
  }
  if (versions.filter((version) => isTrueAt(version, 'storage')).length !== 1) {
    const detail = 'must have exactly one version marked as storage version';
    errors.push(invalidValue('spec.versions', value, detail));
  }
  return errors;
}

/**
 * What is the same in all versions, as it is where there is only one, is reported once, under the name that it had when it
 * was said once for all versions.
 */
function perVersion(spec: JsonObject): FieldError[] {
  const versions = objectsAt(spec, 'versions');
  const [first] = versions;
  if (first === undefined) return [];
  const shared = (member: string): boolean =>
    versions.every((version) => sameJson(valueAt(version, member), valueAt(first, member)));
  const names = {
    schema: 'validation',
    subresources: 'subresources',
    additionalPrinterColumns: 'additionalPrinterColumns',
    selectableFields: 'selectableFields',
  } as const;
  return [
    ...missingSchemas(versions),
    ...Object.entries(names).flatMap(([member, once]) =>
      shared(member)
        ? versionErrors(first, member, `spec.${once}`)
        : versions.flatMap((version, index) =>
            versionErrors(version, member, `spec.versions[${index}].${member}`),
          ),
    ),
  ];
}

/** Every version that is served has a schema. */
function missingSchemas(versions: readonly JsonObject[]): FieldError[] {
  return versions.flatMap((version, index) =>
    isTrueAt(version, 'served') && valueAt(version, 'schema', 'openAPIV3Schema') === undefined
      ? [requiredValue(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required')]
      : [],
  );
}

function requiredNames(spec: JsonObject): FieldError[] {
  return ['plural', 'singular', 'kind', 'listKind']
    .filter((member) => textAt(spec, 'names', member) === '')
    .map((member) => requiredValue(`spec.names.${member}`));
}

function nameErrors(spec: JsonObject): FieldError[] {
  const names = objectAt(spec, 'names') ?? {};
  const errors: FieldError[] = [];
  for (const member of ['plural', 'singular']) {
    errors.push(...labelOr(`spec.names.${member}`, textAt(names, member), ''));
  }
  for (const member of ['kind', 'listKind']) {
    const detail = 'may have mixed case, but should otherwise match: ';
    errors.push(...labelOr(`spec.names.${member}`, textAt(names, member), detail));
  }
  for (const [index, name] of textsAt(names, 'shortNames').entries()) {
    errors.push(...label(`spec.names.shortNames[${index}]`, name, ''));
  }
  const listKind = textAt(names, 'listKind');
  if (listKind !== '' && listKind === textAt(names, 'kind')) {
    const detail = 'kind and listKind may not be the same';
    errors.push(invalidValue('spec.names.listKind', listKind, detail));
  }
  for (const [index, name] of textsAt(names, 'categories').entries()) {
    errors.push(...label(`spec.names.categories[${index}]`, name, ''));
  }
  return errors;
}

function labelOr(field: string, name: string, detail: string): FieldError[] {
  return name === '' ? [] : label(field, name, detail);
}

function label(field: string, name: string, detail: string): FieldError[] {
  const problems = dns1035LabelProblems(detail === '' ? name : name.toLowerCase());
  return problems.length === 0 ? [] : [invalidValue(field, name, detail + problems.join(','))];
}

function conversionErrors(spec: JsonObject): FieldError[] {
  const strategy = textAt(spec, 'conversion', 'strategy');
  if (strategy === 'None') {
    return valueAt(spec, 'conversion', 'webhook') === undefined
      ? []
      : [
          forbiddenValue(
            'spec.conversion.webhookClientConfig',
            'should not be set when strategy is not set to Webhook',
          ),
        ];
  }
  // A real server would call the webhook, which there is none of here.
  return [unsupportedValue('spec.conversion.strategy', strategy, ['None'])];
}

function storedVersionErrors(object: JsonObject): FieldError[] {
  const names = new Set(objectsAt(object, 'spec', 'versions').map((version) => textAt(version, 'name')));
  return textsAt(object, 'status', 'storedVersions').flatMap((name: string, index) => {
    if (names.has(name)) return [];
    const value: Json = name;
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    return [invalidValue(`status.storedVersions[${index}]`, value, detail)];
  });
}
