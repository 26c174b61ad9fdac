import {
  invalidValue,
  isJsonObject,
  memberOf,
  numberAt,
  objectAt,
  setMember,
  textAt,
  valueAt,
  formatTime,
  goQuote,
  requiredValue,
  type JsonObject,
} from '../../schema/index.ts';
import { apiVersionOf } from './kind-registry.ts';
import { metadataOf, nameOf, shownText } from './object-metadata.ts';
import { badRequest, conflict, internalError, invalid, noSuchResource } from '../status/index.ts';
import { formatSelector, putCondition, type Kind, type ScalePaths } from '../kinds/index.ts';

/** The paths of a kind's Scale. @throws StatusError 404 for a kind that has none */
function scalePathsOf(kind: Kind): ScalePaths {
  if (kind.scale === undefined) throw noSuchResource();
  return kind.scale;
}

/** The autoscaling/v1 Scale of an object (kubernetes-api §13). @throws StatusError 500 where a custom object has no count */
export function scaleOf(kind: Kind, object: JsonObject): JsonObject {
  const paths = scalePathsOf(kind);
  const wanted = valueAt(object, ...paths.specReplicas);
  if (wanted === undefined && kind.custom) {
    throw internalError(`the spec replicas field "${dotted(paths.specReplicas)}" does not exist`);
  }
  const replicas = typeof wanted === 'number' ? wanted : 0;
  const current = numberAt(object, ...paths.statusReplicas);
  const selector = paths.selector === undefined ? '' : selectorText(valueAt(object, ...paths.selector));
  const metadata = metadataOf(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(
      ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'].flatMap((key) =>
        metadata[key] === undefined ? [] : [[key, metadata[key]]],
      ),
    ),
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: current ?? 0,
      ...(selector === '' ? {} : { selector }),
    },
  };
}

/** A copy of the object with the count that a Scale asks for. @throws StatusError 400, 409, 422 */
export function withScale(kind: Kind, object: JsonObject, scale: JsonObject): JsonObject {
  const name = nameOf(object);
  const given = nameOf(scale);
  if (given !== '' && given !== name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
  const wanted = valueAt(scale, 'spec', 'replicas') ?? 0;
  if (typeof wanted !== 'number' || !Number.isInteger(wanted)) {
    throw badRequest(
      'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal value into Go struct field ScaleSpec.spec.replicas of type int32',
    );
  }
  if (wanted < 0) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
      invalidValue('spec.replicas', wanted, 'must be greater than or equal to 0'),
    ]);
  }
  const version = textAt(metadataOf(scale), 'resourceVersion');
  if (version !== '') metadataOf(object)['resourceVersion'] = version;
  setAt(object, scalePathsOf(kind).specReplicas, wanted);
  return object;
}

/** Custom kinds keep a text, built-in ones a LabelSelector. */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  return isJsonObject(selector) ? formatSelector(selector) : '';
}

function setAt(object: JsonObject, path: readonly string[], value: number): void {
  let at = object;
  for (const key of path.slice(0, -1)) {
    const member = memberOf(at, key);
    if (isJsonObject(member)) at = member;
    else {
      const fresh: JsonObject = {};
      setMember(at, key, fresh);
      at = fresh;
    }
  }
  const last = path.at(-1);
  if (last !== undefined) setMember(at, last, value);
}

function dotted(path: readonly string[]): string {
  return path.map((key) => `.${key}`).join('');
}

/**
 * Binds a pod to the node that a Binding names, and says in its status that it is scheduled (kube-apiserver's assignPod).
 *
 * @param now milliseconds since 1970
 * @throws StatusError 400, 409
 */
export function bindPod(pod: JsonObject, binding: JsonObject, now: number): JsonObject {
  const node = textAt(binding, 'target', 'name');
  if (node === '') {
    throw invalid({ group: '', kind: 'Binding' }, nameOf(pod), [requiredValue('target.name')]);
  }
  const bound = textAt(pod, 'spec', 'nodeName');
  if (bound !== '') {
    const name = nameOf(pod);
    const why = `pod ${name} is already assigned to node ${goQuote(bound)}`;
    throw conflict({ group: '', plural: 'pods/binding' }, name, why);
  }
  pod['spec'] = { ...objectAt(pod, 'spec'), nodeName: node };
  putCondition(pod, {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: formatTime(now),
  });
  return pod;
}

/** Whether an object in a request for `apiVersion`/`kind` is of that type; absent members are taken to be right. */
export function checkSubresourceType(
  object: JsonObject,
  wanted: { readonly group: string; readonly version: string; readonly kind: string },
): void {
  const apiVersion = apiVersionOf(wanted);
  const given = `${shownText(object['apiVersion'] ?? apiVersion)}, Kind=${shownText(object['kind'] ?? wanted.kind)}`;
  if (given !== `${apiVersion}, Kind=${wanted.kind}`) {
    throw badRequest(`the object provided is ${given}, expected ${apiVersion}, Kind=${wanted.kind}`);
  }
}
