import { isTrueAt, numberAt, objectsAt, textAt, valueAt, type JsonObject } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import type { ControllerSupport } from './controller.ts';

/** How many pods the controllers of some pods want to have. */
export type ExpectedScale = { readonly pods: number } | { readonly problem: string };

/**
 * Adds up what the controllers of these pods want, each counted once. Pods without a controller count for nothing
 * (k8s.io/kubernetes pkg/controller/disruption, getExpectedScale).
 */
export function expectedScale(
  { environment, client }: ControllerSupport,
  pods: readonly JsonObject[],
): ExpectedScale {
  const find = (reference: JsonObject, namespace: string): { kind: Kind; object: JsonObject } | undefined => {
    const kind = environment.kinds.findByKind(textAt(reference, 'apiVersion'), textAt(reference, 'kind'));
    if (kind === undefined) return undefined;
    const object = client.get(kind, kind.namespaced ? namespace : '', textAt(reference, 'name'));
    const isSame = object !== undefined && textAt(object, 'metadata', 'uid') === textAt(reference, 'uid');
    return isSame ? { kind, object } : undefined;
  };
  const scales = new Map<string, number>();
  for (const pod of pods) {
    const reference = controllerOf(pod);
    if (reference === undefined || scales.has(textAt(reference, 'uid'))) continue;
    const namespace = textAt(pod, 'metadata', 'namespace');
    const first = find(reference, namespace);
    // A Deployment speaks for its ReplicaSets, of which there are two while it rolls out.
    const above = first?.kind.kind === 'ReplicaSet' ? controllerOf(first.object) : undefined;
    const owner = above === undefined ? first : find(above, namespace);
    const scale = owner === undefined ? undefined : scaleOf(owner.kind, owner.object);
    if (owner === undefined || scale === undefined)
      return { problem: `found no controllers for pod ${JSON.stringify(textAt(pod, 'metadata', 'name'))}` };
    scales.set(textAt(owner.object, 'metadata', 'uid'), scale);
  }
  return { pods: [...scales.values()].reduce((sum, scale) => sum + scale, 0) };
}

function controllerOf(object: JsonObject): JsonObject | undefined {
  return objectsAt(object, 'metadata', 'ownerReferences').find((reference) =>
    isTrueAt(reference, 'controller'),
  );
}

/** What an object wants to have; undefined for a kind that cannot be scaled. */
function scaleOf(kind: Kind, object: JsonObject): number | undefined {
  if (kind.scale === undefined) return undefined;
  return valueAt(object, ...kind.scale.specReplicas) === undefined
    ? 1
    : numberAt(object, ...kind.scale.specReplicas);
}
