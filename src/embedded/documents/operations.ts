import { componentName, DELETE_OPTIONS, listComponentName, PATCH, STATUS } from './component-names.ts';
import type { GroupVersionKind } from './definition.ts';
import { orderedSubresources } from './discovery.ts';
import { apiVersionOf, type DocumentedKind, type Verb } from './documented-kind.ts';
import {
  DELETE_PARAMETERS,
  LIST_PARAMETERS,
  type Parameter,
  PATCH_PARAMETERS,
  PATH_PARAMETERS,
  WRITE_PARAMETERS,
} from './operation-parameters.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

/** One operation of an OpenAPI document, in terms that versions 2 and 3 share. */
export interface Operation {
  readonly id: string;
  readonly description: string;
  /** `x-kubernetes-action`. */
  readonly action: 'list' | 'get' | 'put' | 'post' | 'delete' | 'deletecollection' | 'patch';
  readonly of: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  /** The component that a request carries. */
  readonly request?: string;
  readonly requestTypes: readonly string[];
  /** The component of an answer; plain text, if absent. */
  readonly response?: string;
  /** The HTTP status codes of success. */
  readonly statuses: readonly number[];
}

/** One path and what can be done there. */
export interface PathOperations {
  readonly path: string;
  /** Those that all operations share. */
  readonly parameters: readonly Parameter[];
  readonly operations: Readonly<Partial<Record<Method, Operation>>>;
}

const OBJECT_TYPES: readonly string[] = ['application/json', 'application/yaml'];
const PATCH_TYPES: readonly string[] = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];
const STRATEGIC = 'application/strategic-merge-patch+json';

/** All paths below which a kind's objects are read and written, sorted as the kind's verbs and subresources tell. */
export function pathsOf(kind: DocumentedKind): PathOperations[] {
  const base = kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`;
  const scope = kind.namespaced ? `${base}/namespaces/{namespace}` : base;
  const collection = `${scope}/${kind.plural}`;
  const item = `${collection}/{name}`;
  const inNamespace = kind.namespaced ? [PATH_PARAMETERS.namespace] : [];
  const paths = [
    path(collection, inNamespace, {
      get: list(kind, kind.namespaced ? 'Namespaced' : ''),
      post: write(kind, 'create'),
      delete: deleteCollection(kind),
    }),
    path(item, [PATH_PARAMETERS.name, ...inNamespace], {
      get: read(kind),
      put: write(kind, 'update'),
      patch: write(kind, 'patch'),
      delete: remove(kind),
    }),
    ...orderedSubresources(kind).map((subresource) => {
      const own = { ...kind, verbs: subresource.verbs };
      return path(`${item}/${subresource.name}`, [PATH_PARAMETERS.name, ...inNamespace], {
        get: read(own, subresource),
        put: write(own, 'update', subresource),
        patch: write(own, 'patch', subresource),
        post: write(own, 'create', subresource),
      });
    }),
    path(`${base}/${kind.plural}`, [], {
      get: kind.namespaced ? list(kind, 'ForAllNamespaces') : undefined,
    }),
  ];
  return paths.filter((each) => Object.keys(each.operations).length > 0);
}

function path(
  name: string,
  parameters: readonly Parameter[],
  operations: Readonly<Partial<Record<Method, Operation | undefined>>>,
): PathOperations {
  const served = Object.entries(operations).filter(([, operation]) => operation !== undefined);
  return { path: name, parameters, operations: Object.fromEntries(served) };
}

type Served = { readonly name: string; readonly responseKind: GroupVersionKind };

function list(kind: DocumentedKind, where: 'Namespaced' | 'ForAllNamespaces' | ''): Operation | undefined {
  if (!kind.verbs.includes('list')) return undefined;
  const suffix = where === 'ForAllNamespaces' ? where : '';
  return {
    ...about(kind, 'list'),
    id: `${operationId('list', where === 'Namespaced' ? kind : { ...kind, namespaced: false })}${suffix}`,
    description: `list or watch objects of kind ${kind.kind}`,
    parameters: LIST_PARAMETERS,
    requestTypes: [],
    ...answers(listComponentName(kind)),
    statuses: [200],
  };
}

function read(kind: DocumentedKind, subresource?: Served): Operation | undefined {
  if (!kind.verbs.includes('get')) return undefined;
  return {
    ...about(kind, 'get', subresource),
    id: operationId('read', kind, subresource),
    description: `read ${subject(kind, subresource)}`,
    parameters: [],
    requestTypes: [],
    ...answers(answerOf(kind, subresource)),
    statuses: [200],
  };
}

const WRITES = {
  create: { action: 'post', verb: 'create', statuses: [200, 201, 202] },
  update: { action: 'put', verb: 'replace', statuses: [200, 201] },
  patch: { action: 'patch', verb: 'partially update', statuses: [200, 201] },
} as const;

function write(
  kind: DocumentedKind,
  verb: Extract<Verb, 'create' | 'update' | 'patch'>,
  subresource?: Served,
): Operation | undefined {
  if (!kind.verbs.includes(verb)) return undefined;
  const answer = answerOf(kind, subresource);
  const { action, verb: word, statuses } = WRITES[verb];
  const request = verb === 'patch' ? PATCH : answer;
  return {
    ...about(kind, action, subresource),
    id: operationId(word.split(' ').at(-1) === 'update' ? 'patch' : word, kind, subresource),
    description: `${word} ${subject(kind, subresource)}`,
    parameters: verb === 'patch' ? PATCH_PARAMETERS : WRITE_PARAMETERS,
    ...(request === undefined ? {} : { request }),
    requestTypes: verb === 'patch' ? patchTypes(kind) : OBJECT_TYPES,
    ...answers(answer),
    statuses,
  };
}

/** Strategic merge patches are for built-in kinds alone. */
function patchTypes(kind: DocumentedKind): readonly string[] {
  return kind.custom === true ? PATCH_TYPES : [...PATCH_TYPES, STRATEGIC];
}

function remove(kind: DocumentedKind): Operation | undefined {
  if (!kind.verbs.includes('delete')) return undefined;
  return {
    ...about(kind, 'delete'),
    id: operationId('delete', kind),
    description: `delete ${subject(kind)}`,
    parameters: DELETE_PARAMETERS,
    request: DELETE_OPTIONS,
    requestTypes: OBJECT_TYPES,
    response: STATUS,
    statuses: [200, 202],
  };
}

function deleteCollection(kind: DocumentedKind): Operation | undefined {
  if (!kind.verbs.includes('deletecollection')) return undefined;
  return {
    ...about(kind, 'deletecollection'),
    id: operationId('deleteCollection', kind),
    description: `delete a collection of ${kind.kind}`,
    parameters: [...LIST_PARAMETERS, ...DELETE_PARAMETERS],
    request: DELETE_OPTIONS,
    requestTypes: OBJECT_TYPES,
    response: STATUS,
    statuses: [200],
  };
}

function about(
  { group, version, kind }: DocumentedKind,
  action: Operation['action'],
  subresource?: Served,
): Pick<Operation, 'action' | 'of'> {
  return { action, of: subresource?.responseKind ?? { group, version, kind } };
}

function answerOf(kind: DocumentedKind, subresource?: Served): string | undefined {
  const response = subresource?.responseKind ?? kind;
  // The subresources of a custom kind answer with the custom kind itself, or with a built-in one (Scale).
  const isOwn = response.group === kind.group && response.kind === kind.kind;
  return componentName(response, isOwn && kind.custom === true);
}

function answers(component: string | undefined): Pick<Operation, 'response'> {
  return component === undefined ? {} : { response: component };
}

function subject(kind: DocumentedKind, subresource?: Served): string {
  return subresource === undefined
    ? `the specified ${kind.kind}`
    : `${subresource.name} of the specified ${kind.kind}`;
}

/** For example `replaceAppsV1NamespacedDeploymentStatus`: unique in all documents. */
function operationId(word: string, kind: DocumentedKind, subresource?: Served): string {
  const group = kind.group === '' ? 'core' : kind.group.replace(/\.k8s\.io$/, '');
  const parts = [...group.split(/[.-]/), kind.version, kind.namespaced ? 'namespaced' : '', kind.kind];
  return [word, ...[...parts, subresource?.name ?? ''].map(capitalise)].join('');
}

function capitalise(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
