import {
  dns1123LabelProblems,
  duplicateValue,
  forbiddenValue,
  invalidValue,
  numberAt,
  objectAt,
  objectsAt,
  requiredValue,
  textAt,
  unsupportedValue,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { configKeyProblems, environmentNameProblems, portNameProblems } from './names.ts';
import {
  invalidFor,
  notFound,
  unlessNonNegative,
  unlessNonNegativeAmount,
  unlessOneOf,
  unlessPort,
  unlessPositive,
} from './problems.ts';
import { quantityOf } from './quantity.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const HANDLERS = ['exec', 'grpc', 'httpGet', 'tcpSocket'];
/** Resources that are not counted in whole units only, or that have a suffix-free name of Kubernetes' own. */
const COMPUTE = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** What is wrong with one container of a pod. */
export function containerErrors(
  container: JsonObject,
  field: string,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const errors = imageErrors(textAt(container, 'image'), `${field}.image`);
  for (const name of PROBES) {
    const probe = objectAt(container, name);
    if (probe !== undefined) errors.push(...probeErrors(probe, `${field}.${name}`));
  }
  errors.push(
    ...unlessOneOf(
      `${field}.terminationMessagePolicy`,
      textAt(container, 'terminationMessagePolicy'),
      MESSAGE_POLICIES,
    ),
    ...portErrors(container, field),
    ...environmentErrors(container, field),
    ...mountErrors(container, field, volumes),
    ...unlessOneOf(`${field}.imagePullPolicy`, textAt(container, 'imagePullPolicy'), PULL_POLICIES),
    ...resourceErrors(objectAt(container, 'resources'), `${field}.resources`),
  );
  return errors;
}

/** What is wrong with the image of a container. */
export function imageErrors(image: string, field: string): FieldError[] {
  if (image === '') return [requiredValue(field)];
  return image === image.trim()
    ? []
    : [invalidValue(field, image, 'must not have leading or trailing whitespace')];
}

/** What is wrong with the name of a container; `names` are those of the containers before it. */
export function containerNameErrors(container: JsonObject, field: string, names: Set<string>): FieldError[] {
  const name = textAt(container, 'name');
  if (name === '') return [requiredValue(`${field}.name`)];
  const problems = dns1123LabelProblems(name);
  if (problems.length > 0) return invalidFor(`${field}.name`, name, problems);
  if (names.has(name)) return [duplicateValue(`${field}.name`, name)];
  names.add(name);
  return [];
}

function portErrors(container: JsonObject, containerField: string): FieldError[] {
  const names = new Set<string>();
  return objectsAt(container, 'ports').flatMap((port, index) => {
    const field = `${containerField}.ports[${index}]`;
    const errors: FieldError[] = [];
    const name = textAt(port, 'name');
    if (name !== '') {
      const problems = portNameProblems(name);
      if (problems.length > 0) errors.push(...invalidFor(`${field}.name`, name, problems));
      else if (names.has(name)) errors.push(duplicateValue(`${field}.name`, name));
      names.add(name);
    }
    const number = numberAt(port, 'containerPort') ?? 0;
    if (number === 0) errors.push(requiredValue(`${field}.containerPort`));
    else errors.push(...unlessPort(`${field}.containerPort`, number));
    const hostPort = numberAt(port, 'hostPort') ?? 0;
    if (hostPort !== 0) errors.push(...unlessPort(`${field}.hostPort`, hostPort));
    errors.push(...unlessOneOf(`${field}.protocol`, textAt(port, 'protocol'), PROTOCOLS));
    return errors;
  });
}

function environmentErrors(container: JsonObject, containerField: string): FieldError[] {
  return objectsAt(container, 'env').flatMap((variable, index) => {
    const field = `${containerField}.env[${index}]`;
    const name = textAt(variable, 'name');
    const errors =
      name === ''
        ? [requiredValue(`${field}.name`)]
        : invalidFor(`${field}.name`, name, environmentNameProblems(name));
    const source = objectAt(variable, 'valueFrom');
    if (source === undefined) return errors;
    const sources = Object.keys(source).length;
    if (sources === 0) {
      const detail =
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
      errors.push(invalidValue(`${field}.valueFrom`, '', detail));
    } else if (textAt(variable, 'value') !== '') {
      errors.push(invalidValue(`${field}.valueFrom`, '', 'may not be specified when `value` is not empty'));
    } else if (sources > 1) {
      errors.push(
        invalidValue(`${field}.valueFrom`, '', 'may not have more than one field specified at a time'),
      );
    }
    for (const member of ['configMapKeyRef', 'secretKeyRef']) {
      const reference = objectAt(source, member);
      if (reference === undefined) continue;
      const key = textAt(reference, 'key');
      if (textAt(reference, 'name') === '') errors.push(requiredValue(`${field}.valueFrom.${member}.name`));
      if (key === '') errors.push(requiredValue(`${field}.valueFrom.${member}.key`));
      else errors.push(...invalidFor(`${field}.valueFrom.${member}.key`, key, configKeyProblems(key)));
    }
    return errors;
  });
}

function mountErrors(
  container: JsonObject,
  containerField: string,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const paths = new Set<string>();
  return objectsAt(container, 'volumeMounts').flatMap((mount, index) => {
    const field = `${containerField}.volumeMounts[${index}]`;
    const name = textAt(mount, 'name');
    const path = textAt(mount, 'mountPath');
    const errors: FieldError[] = [];
    if (name === '') errors.push(requiredValue(`${field}.name`));
    else if (!volumes.has(name)) errors.push(notFound(`${field}.name`, name));
    if (path === '') errors.push(requiredValue(`${field}.mountPath`));
    if (paths.has(path)) errors.push(invalidValue(`${field}.mountPath`, path, 'must be unique'));
    paths.add(path);
    const subPath = textAt(mount, 'subPath');
    if (subPath.startsWith('/'))
      errors.push(invalidValue(`${field}.subPath`, subPath, 'must be a relative path'));
    if (subPath.split('/').includes('..')) {
      errors.push(invalidValue(`${field}.subPath`, subPath, "must not contain '..'"));
    }
    return errors;
  });
}

function resourceErrors(resources: JsonObject | undefined, field: string): FieldError[] {
  const limits = objectAt(resources, 'limits') ?? {};
  const requests = objectAt(resources, 'requests') ?? {};
  const errors: FieldError[] = [];
  for (const [resource, value] of Object.entries(limits)) {
    errors.push(...unlessNonNegativeAmount(`${field}.limits[${resource}]`, value));
  }
  for (const [resource, value] of Object.entries(requests)) {
    errors.push(...unlessNonNegativeAmount(`${field}.requests[${resource}]`, value));
    const request = quantityOf(value);
    const shown = valueAt(limits, resource);
    const limit = quantityOf(shown);
    if (request === undefined || limit === undefined) continue;
    const of = `${resource} limit of ${typeof shown === 'string' ? shown : JSON.stringify(shown)}`;
    if (request > limit) {
      const detail = `must be less than or equal to ${of}`;
      errors.push(invalidValue(`${field}.requests`, value, detail));
    } else if (request !== limit && !COMPUTE.has(resource) && !resource.startsWith('hugepages-')) {
      const detail = `must be equal to ${of}`;
      errors.push(invalidValue(`${field}.requests`, value, detail));
    }
  }
  return errors;
}

function probeErrors(probe: JsonObject, field: string): FieldError[] {
  const handlers = HANDLERS.filter((handler) => objectAt(probe, handler) !== undefined);
  const errors: FieldError[] = [];
  if (handlers.length === 0) errors.push(requiredValue(field, 'must specify a handler type'));
  for (const handler of handlers.slice(1)) {
    errors.push(forbiddenValue(`${field}.${handler}`, 'may not specify more than 1 handler type'));
  }
  for (const member of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    errors.push(...unlessNonNegative(`${field}.${member}`, numberAt(probe, member)));
  }
  errors.push(
    ...unlessPositive(
      `${field}.terminationGracePeriodSeconds`,
      numberAt(probe, 'terminationGracePeriodSeconds'),
    ),
  );
  const once = field.endsWith('.livenessProbe') || field.endsWith('.startupProbe');
  const successes = numberAt(probe, 'successThreshold') ?? 1;
  if (once && successes !== 1) errors.push(invalidValue(`${field}.successThreshold`, successes, 'must be 1'));
  return errors;
}

/** What is wrong with a toleration of a pod. */
export function tolerationErrors(toleration: JsonObject, field: string): FieldError[] {
  const key = textAt(toleration, 'key');
  const operator = textAt(toleration, 'operator');
  const effect = textAt(toleration, 'effect');
  const errors: FieldError[] = [];
  if (key === '' && operator !== 'Exists') {
    errors.push(
      invalidValue(
        `${field}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  }
  if (valueAt(toleration, 'tolerationSeconds') !== undefined && effect !== 'NoExecute') {
    errors.push(
      invalidValue(`${field}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
    );
  }
  if (operator === 'Exists' && textAt(toleration, 'value') !== '') {
    const detail = "value must be empty when `operator` is 'Exists'";
    errors.push(invalidValue(`${field}.operator`, textAt(toleration, 'value'), detail));
  } else if (!['', 'Equal', 'Exists', 'Lt', 'Gt'].includes(operator)) {
    errors.push(unsupportedValue(`${field}.operator`, operator, ['Equal', 'Exists']));
  }
  errors.push(...unlessOneOf(`${field}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']));
  return errors;
}
