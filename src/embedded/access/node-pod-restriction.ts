import { goQuote } from '../../schema/index.ts';
import {
  isJsonObject,
  listAt,
  valueAt,
  objectAt,
  textAt,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import type { ReadObject } from './read-object.ts';
import type { AdmittedWrite } from './admitted-write.ts';
import { notFound, type StatusError } from '../status/index.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** What a node may write of pods: the status, eviction and end of those on it, and mirror pods of its static ones. */
export function refuseNodePodWrite(
  node: string,
  write: AdmittedWrite,
  read: ReadObject,
): string | StatusError | undefined {
  const self = `node ${goQuote(node)}`;
  switch (write.subresource) {
    case '':
      if (write.operation === 'create') return refuseMirrorPod(node, write.object ?? {}, read);
      if (write.operation === 'delete') {
        return refuseUnlessOn(
          node,
          write,
          read,
          `${self} can only delete pods with spec.nodeName set to itself`,
        );
      }
      return `unexpected operation "UPDATE", ${self} can only create and delete mirror pods`;
    case 'status':
      return refuseStatus(node, write);
    case 'eviction':
      return refuseUnlessOn(
        node,
        write,
        read,
        `node ${node} can only evict pods with spec.nodeName set to itself`,
      );
    default:
      return `unexpected pod subresource ${goQuote(write.subresource)}, only 'status' and 'eviction' are allowed`;
  }
}

function refuseUnlessOn(
  node: string,
  write: AdmittedWrite,
  read: ReadObject,
  problem: string,
): string | StatusError | undefined {
  const pod = write.old ?? read('v1', 'Pod', write.namespace, write.name);
  if (pod === undefined) return notFound({ group: '', plural: 'pods' }, write.name);
  return textAt(pod, 'spec', 'nodeName') === node ? undefined : problem;
}

function refuseStatus(node: string, { operation, object, old }: AdmittedWrite): string | undefined {
  if (operation !== 'update') return `unexpected operation ${goQuote(operation.toUpperCase())}`;
  if (textAt(old, 'spec', 'nodeName') !== node) {
    return `node ${goQuote(node)} can only update pod status for pods with spec.nodeName set to itself`;
  }
  return labelText(object) === labelText(old)
    ? undefined
    : `node ${goQuote(node)} cannot update labels through pod status`;
}

function labelText(pod: JsonObject | undefined): string {
  const entries = Object.entries(objectAt(pod, 'metadata', 'labels') ?? {});
  return entries
    .map((entry) => JSON.stringify(entry))
    .sort()
    .join('\n');
}

/** A mirror pod shows what a node runs by itself; it refers to nothing that the node could read through it. */
function refuseMirrorPod(node: string, pod: JsonObject, read: ReadObject): string | undefined {
  const self = `node ${goQuote(node)}`;
  if (valueAt(pod, 'metadata', 'annotations', mirrorAnnotation) === undefined) {
    return `pod does not have ${goQuote(mirrorAnnotation)} annotation, ${self} can only create mirror pods`;
  }
  if (textAt(pod, 'spec', 'nodeName') !== node) {
    return `${self} can only create pods with spec.nodeName set to itself`;
  }
  const owner = refuseOwner(node, listAt(pod, 'metadata', 'ownerReferences'), read);
  if (owner !== undefined) return owner;
  if (textAt(pod, 'spec', 'serviceAccountName') !== '') {
    return `${self} can not create pods that reference a service account`;
  }
  const references = [
    { resource: 'secrets', members: ['secret', 'secretRef', 'secretKeyRef', 'imagePullSecrets'] },
    { resource: 'configmaps', members: ['configMap', 'configMapRef', 'configMapKeyRef'] },
    { resource: 'persistentvolumeclaims', members: ['persistentVolumeClaim'] },
  ];
  const found = references.find(({ members }) => mentions(valueAt(pod, 'spec') ?? null, members));
  return found === undefined ? undefined : `${self} can not create pods that reference ${found.resource}`;
}

function refuseOwner(node: string, owners: readonly Json[], read: ReadObject): string | undefined {
  const self = `node ${goQuote(node)} can only create pods with`;
  const [owner, ...others] = owners;
  if (others.length > 0) return `${self} a single owner reference set to itself`;
  const isNode = textAt(owner, 'apiVersion') === 'v1' && textAt(owner, 'kind') === 'Node';
  if (!isNode || textAt(owner, 'name') !== node) return `${self} an owner reference set to itself`;
  if (valueAt(owner, 'controller') !== true) return `${self} a controller owner reference set to itself`;
  if (valueAt(owner, 'blockOwnerDeletion') === true) {
    return `node ${goQuote(node)} must not set blockOwnerDeletion on an owner reference`;
  }
  const uid = textAt(read('v1', 'Node', '', node), 'metadata', 'uid');
  const claimed = textAt(owner, 'uid');
  return claimed === uid ? undefined : `node ${node} UID mismatch: expected ${claimed} got ${uid}`;
}

/** Whether a member of one of these names is set anywhere. */
function mentions(value: Json, members: readonly string[]): boolean {
  const rest: Json[] = [value];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (isJsonObject(next)) {
      if (Object.entries(next).some(([name, member]) => members.includes(name) && member !== null))
        return true;
      next = Object.values(next);
    }
    if (Array.isArray(next)) for (const item of next) rest.push(item);
  }
  return false;
}
