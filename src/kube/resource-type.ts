import { KubeError } from './kube-error.ts';

/** What every object has. Only what this room uses is named; an object's own type says the rest. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMetadata;
}

export interface ObjectMetadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

declare const objectType: unique symbol;

/** A kind as a server serves it, with the type of its objects. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As in paths, for example `machineconfigpools`. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** For the type checker alone. */
  readonly [objectType]?: T;
}

/** Which object of a kind; the namespace is empty for kinds without. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** A {@link ResourceType} whose objects are of type T. */
export function resourceType<T extends KubeObject>(facts: {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}): ResourceType<T> {
  return facts;
}

/** `v1` or `group/version`. */
export function apiVersionOf({ group, version }: ResourceType): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The key of an object that a server gave. */
export function keyOf(object: KubeObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
}

/** A key as one string, `namespace/name` or `name`; no name holds a slash. */
export function formatKey({ namespace, name }: ObjectKey): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The inverse of {@link formatKey}. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash < 0
    ? { namespace: '', name: text }
    : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** The path of a kind's objects, of one namespace or of all. */
export function collectionPath(type: ResourceType, namespace = ''): string {
  const base = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  if (namespace === '') return `${base}/${type.plural}`;
  if (!type.namespaced) {
    throw new KubeError('configuration', `cannot address ${type.plural} in a namespace: they have none`);
  }
  return `${base}/namespaces/${segment(type, namespace)}/${type.plural}`;
}

/** The path of one object or of a part of it. */
export function objectPath(type: ResourceType, key: ObjectKey, subresource = ''): string {
  if (type.namespaced && key.namespace === '') {
    throw new KubeError('configuration', `cannot address ${describe(type, key)}: its namespace is missing`);
  }
  const path = `${collectionPath(type, key.namespace)}/${segment(type, key.name)}`;
  return subresource === '' ? path : `${path}/${subresource}`;
}

/** For messages: `Pod "a/b"`, or only the kind. */
export function describe(type: ResourceType, key?: ObjectKey): string {
  return key === undefined || key.name === ''
    ? type.plural
    : `${type.kind} ${JSON.stringify(formatKey(key))}`;
}

/** Whatever a name holds, it stays one segment of the path. */
function segment(type: ResourceType, text: string): string {
  if (text === '' || text === '.' || text === '..' || text.includes('/')) {
    throw new KubeError(
      'configuration',
      `cannot address one of ${type.plural}: bad name ${JSON.stringify(text)}`,
    );
  }
  return encodeURIComponent(text);
}
