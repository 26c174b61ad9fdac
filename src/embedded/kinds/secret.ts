import {
  invalidValue,
  isJsonObject,
  objectAt,
  requiredValue,
  setMember,
  textAt,
  tooLong,
} from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { base64Bytes } from './base64-bytes.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { MAX_DATA_BYTES, immutabilityErrors } from './config-map.ts';
import { ensureObject, setDefaultText } from './members.ts';
import { configKeyProblems } from './names.ts';
import { invalidFor, unlessSame } from './problems.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

/** core/v1 Secret. */
export const secret: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  strategy: {
    defaults(object) {
      mergeStringData(object);
      setDefaultText(object, 'type', 'Opaque');
    },
    validate(object) {
      const data = objectAt(object, 'data') ?? {};
      const errors: FieldError[] = [];
      let bytes = 0;
      for (const [key, value] of Object.entries(data)) {
        errors.push(...invalidFor(`data[${key}]`, key, configKeyProblems(key)));
        bytes += base64Bytes(value);
      }
      if (bytes > MAX_DATA_BYTES) errors.push(tooLong('data', MAX_DATA_BYTES));
      return [...errors, ...typeErrors(object, data)];
    },
    validateUpdate: (object, old) => [
      ...unlessSame('type', textAt(object, 'type'), textAt(old, 'type')),
      ...immutabilityErrors(object, old, ['data']),
    ],
  },
  table: {
    columns: [NAME, { name: 'Type', field: 'type' }, { name: 'Data', field: 'data' }, AGE],
    cells: (object, now) => [
      nameCell(object),
      textAt(object, 'type'),
      Object.keys(objectAt(object, 'data') ?? {}).length,
      ageCell(object, now),
    ],
  },
  fields: { type: (object) => textAt(object, 'type') },
};

/** `stringData` can only be written: it ends up in `data`, where it wins. */
function mergeStringData(object: JsonObject): void {
  const { stringData } = object;
  delete object['stringData'];
  if (!isJsonObject(stringData)) return;
  const entries = Object.entries(stringData);
  if (entries.length === 0) return;
  const data = ensureObject(object, 'data');
  for (const [key, value] of entries) {
    if (typeof value === 'string') setMember(data, key, Buffer.from(value).toString('base64'));
  }
}

/** What the types that Kubernetes knows require (ValidateSecret). */
function typeErrors(object: JsonObject, data: JsonObject): FieldError[] {
  switch (textAt(object, 'type')) {
    case 'kubernetes.io/service-account-token':
      return textAt(object, 'metadata', 'annotations', 'kubernetes.io/service-account.name') === ''
        ? [requiredValue('metadata.annotations[kubernetes.io/service-account.name]')]
        : [];
    case 'kubernetes.io/dockercfg':
      return jsonErrors(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return jsonErrors(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth':
      return Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')
        ? []
        : [requiredValue('data[username]'), requiredValue('data[password]')];
    case 'kubernetes.io/ssh-auth':
      return textAt(data, 'ssh-privatekey') === '' ? [requiredValue('data[ssh-privatekey]')] : [];
    case 'kubernetes.io/tls':
      return ['tls.crt', 'tls.key']
        .filter((key) => !Object.hasOwn(data, key))
        .map((key) => requiredValue(`data[${key}]`));
    default:
      return [];
  }
}

function jsonErrors(data: JsonObject, key: string): FieldError[] {
  const field = `data[${key}]`;
  if (!Object.hasOwn(data, key)) return [requiredValue(field)];
  const text = Buffer.from(textAt(data, key), 'base64').toString();
  const problem = jsonObjectProblem(text);
  return problem === undefined ? [] : [invalidValue(field, '<secret contents redacted>', problem)];
}

/** What Go's decoder says of a text that is no JSON object, without showing any of it but one character. */
function jsonObjectProblem(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const first = text.trimStart().charAt(0);
    if (first === '') return 'unexpected end of JSON input';
    return '{["-0123456789tfn'.includes(first)
      ? 'unexpected end of JSON input'
      : `invalid character '${first}' looking for beginning of value`;
  }
  if (value === null || isJsonObject(value)) return undefined;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
}
