import {
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  duplicateValue,
  forbiddenValue,
  invalidValue,
  isTrueAt,
  numberAt,
  objectAt,
  objectsAt,
  requiredValue,
  textAt,
  unsupportedValue,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import { containerErrors, containerNameErrors, tolerationErrors } from './container-validation.ts';
import { annotationErrors, labelErrors } from './metadata.ts';
import { invalidFor, unlessOneOf } from './problems.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** What is wrong with a pod's spec, or the spec in a pod template (ValidatePodSpec). */
export function podSpecErrors(spec: JsonObject, field: string): FieldError[] {
  const volumes = new Set<string>();
  const errors = volumeErrors(spec, field, volumes);
  const names = new Set<string>();
  const containers = objectsAt(spec, 'containers');
  if (containers.length === 0) errors.push(requiredValue(`${field}.containers`));
  for (const members of ['containers', 'initContainers']) {
    for (const [index, container] of objectsAt(spec, members).entries()) {
      const path = `${field}.${members}[${index}]`;
      errors.push(
        ...containerNameErrors(container, path, names),
        ...containerErrors(container, path, volumes),
      );
    }
  }
  if (objectsAt(spec, 'ephemeralContainers').length > 0 && textAt(spec, 'nodeName') === '') {
    errors.push(forbiddenValue(`${field}.ephemeralContainers`, 'cannot be set on create'));
  }
  errors.push(
    ...oneOf(`${field}.restartPolicy`, textAt(spec, 'restartPolicy'), RESTART_POLICIES),
    ...oneOf(`${field}.dnsPolicy`, textAt(spec, 'dnsPolicy'), DNS_POLICIES),
    ...labelErrors(`${field}.nodeSelector`, valueAt(spec, 'nodeSelector')),
    ...hostErrors(spec, field),
  );
  for (const [index, secret] of objectsAt(spec, 'imagePullSecrets').entries()) {
    if (textAt(secret, 'name') === '') errors.push(requiredValue(`${field}.imagePullSecrets[${index}].name`));
  }
  errors.push(...nameErrors(`${field}.serviceAccountName`, textAt(spec, 'serviceAccountName')));
  const nodeName = textAt(spec, 'nodeName');
  if (nodeName !== '')
    errors.push(...invalidFor(`${field}.nodeName`, nodeName, dns1123SubdomainProblems(nodeName)));
  const deadline = numberAt(spec, 'activeDeadlineSeconds');
  if (deadline !== undefined && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    const detail = `must be between 1 and ${2 ** 31 - 1}, inclusive`;
    errors.push(invalidValue(`${field}.activeDeadlineSeconds`, deadline, detail));
  }
  const hostname = textAt(spec, 'hostname');
  const subdomain = textAt(spec, 'subdomain');
  if (hostname !== '')
    errors.push(...invalidFor(`${field}.hostname`, hostname, dns1123LabelProblems(hostname)));
  if (subdomain !== '')
    errors.push(...invalidFor(`${field}.subdomain`, subdomain, dns1123LabelProblems(subdomain)));
  for (const [index, toleration] of objectsAt(spec, 'tolerations').entries()) {
    errors.push(...tolerationErrors(toleration, `${field}.tolerations[${index}]`));
  }
  errors.push(...nameErrors(`${field}.priorityClassName`, textAt(spec, 'priorityClassName')));
  return errors;
}

/** What is wrong with a pod template: its labels, annotations and spec. */
export function podTemplateErrors(template: Json | undefined, field: string): FieldError[] {
  return [
    ...labelErrors(`${field}.labels`, valueAt(template, 'metadata', 'labels')),
    ...annotationErrors(`${field}.annotations`, valueAt(template, 'metadata', 'annotations')),
    ...podSpecErrors(objectAt(template, 'spec') ?? {}, `${field}.spec`),
  ];
}

function volumeErrors(spec: JsonObject, specField: string, names: Set<string>): FieldError[] {
  return objectsAt(spec, 'volumes').flatMap((volume, index) => {
    const field = `${specField}.volumes[${index}]`;
    const name = textAt(volume, 'name');
    const errors: FieldError[] = [];
    const sources = Object.keys(volume).filter((key) => key !== 'name');
    if (sources.length === 0) errors.push(requiredValue(field, 'must specify a volume type'));
    for (const source of sources.slice(1)) {
      errors.push(forbiddenValue(`${field}.${source}`, 'may not specify more than 1 volume type'));
    }
    const problems = dns1123LabelProblems(name);
    if (name === '') errors.push(requiredValue(`${field}.name`));
    else if (problems.length > 0) errors.push(...invalidFor(`${field}.name`, name, problems));
    else if (names.has(name)) errors.push(duplicateValue(`${field}.name`, name));
    else names.add(name);
    errors.push(...sourceErrors(volume, field));
    return errors;
  });
}

/** The members without which the common volumes mean nothing. */
function sourceErrors(volume: JsonObject, field: string): FieldError[] {
  const required = [
    ['secret', 'secretName'],
    ['hostPath', 'path'],
    ['configMap', 'name'],
    ['persistentVolumeClaim', 'claimName'],
    ['nfs', 'server'],
    ['nfs', 'path'],
    ['csi', 'driver'],
  ] as const;
  return required
    .filter(([source, member]) => {
      const found = objectAt(volume, source);
      return found !== undefined && textAt(found, member) === '';
    })
    .map(([source, member]) => requiredValue(`${field}.${source}.${member}`));
}

/** A pod on its node's network has its container's ports there too. */
function hostErrors(spec: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (isTrueAt(spec, 'hostNetwork')) {
    for (const [index, container] of objectsAt(spec, 'containers').entries()) {
      for (const [portIndex, port] of objectsAt(container, 'ports').entries()) {
        if (numberAt(port, 'hostPort') === numberAt(port, 'containerPort')) continue;
        errors.push(
          invalidValue(
            `${field}.containers[${index}].ports[${portIndex}].containerPort`,
            numberAt(port, 'containerPort') ?? 0,
            'must match `hostPort` when `hostNetwork` is true',
          ),
        );
      }
    }
  }
  if (isTrueAt(spec, 'shareProcessNamespace') && isTrueAt(spec, 'hostPID')) {
    const detail = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(invalidValue(`${field}.shareProcessNamespace`, true, detail));
  }
  const seconds = numberAt(spec, 'terminationGracePeriodSeconds');
  if (seconds === undefined) errors.push(requiredValue(`${field}.terminationGracePeriodSeconds`));
  return errors;
}

function nameErrors(field: string, name: string): FieldError[] {
  return name === '' ? [] : invalidFor(field, name, dns1123SubdomainProblems(name));
}

function oneOf(field: string, value: string, supported: readonly string[]): FieldError[] {
  return value === '' ? [requiredValue(field)] : unlessOneOf(field, value, supported);
}

/** The only restart policies that a controller's pods may have. */
export function restartPolicyErrors(
  template: Json | undefined,
  field: string,
  supported: readonly string[],
): FieldError[] {
  const policy = textAt(template, 'spec', 'restartPolicy');
  return supported.includes(policy)
    ? []
    : [unsupportedValue(`${field}.spec.restartPolicy`, policy, supported)];
}
