import { WRITERS_ANNOTATION } from '../api/index.ts';
import type { ObjectMetadata, OwnerReference } from '../kube/index.ts';
import {
  BUILD_JOB_LABEL,
  EPHEMERAL_LABEL,
  ON_CLUSTER_LAYERING_LABEL,
  OS_BUILD_KEY,
  OS_CONFIG_LABEL,
  RENDERED_CONFIG_LABEL,
  TARGET_POOL_LABEL,
} from './build-keys.ts';
import { labelValue } from './job-names.ts';
import type { JobOrder } from './job-order.ts';

/** Annotations: which optional inputs a build has (contract §1.13), by the path where its instructions see them. */
const OPTIONAL_INPUTS: ReadonlyMap<string, string> = new Map([
  ['/etc/pki/entitlement', 'machineconfiguration.openshift.io/has-etc-pki-entitlement'],
  ['/etc/yum.repos.d', 'machineconfiguration.openshift.io/has-etc-yum-repos-d'],
  ['/etc/pki/rpm-gpg', 'machineconfiguration.openshift.io/has-etc-pki-rpm-gpg'],
]);

/** Labels of all objects of a build (contract §4.4). */
export function buildLabels({ build, pool }: JobOrder): Readonly<Record<string, string>> {
  return {
    [ON_CLUSTER_LAYERING_LABEL]: '',
    [EPHEMERAL_LABEL]: '',
    [RENDERED_CONFIG_LABEL]: labelValue(build.spec.machineConfig.name),
    [TARGET_POOL_LABEL]: labelValue(pool),
    [OS_CONFIG_LABEL]: labelValue(build.spec.machineOSConfig.name),
    [OS_BUILD_KEY]: labelValue(build.metadata.name),
  };
}

/** Annotations of all objects of a build. */
export function buildAnnotations({ build, request }: JobOrder): Readonly<Record<string, string>> {
  const optional = request.mounts.flatMap(({ path }) => OPTIONAL_INPUTS.get(path) ?? []);
  return {
    [OS_CONFIG_LABEL]: build.spec.machineOSConfig.name,
    [OS_BUILD_KEY]: build.metadata.name,
    ...Object.fromEntries(optional.map((key) => [key, 'true'])),
  };
}

/**
 * What an object of a build is called and labelled. Until there is a Job to own it, it is the MachineOSBuild's, so that it goes
 * with that whatever happens in between.
 */
export function buildObjectMeta(
  order: JobOrder,
  name: string,
  annotations: Readonly<Record<string, string>> = {},
): ObjectMetadata & { readonly name: string } {
  return {
    name,
    namespace: order.namespace,
    labels: buildLabels(order),
    annotations: { ...buildAnnotations(order), ...annotations },
    ownerReferences: [buildOwner(order)],
  };
}

/** The same for what the pods of the Job write, which they are let for these two. */
export function writtenObjectMeta(order: JobOrder, name: string): ObjectMetadata & { readonly name: string } {
  const meta = buildObjectMeta(order, name, { [WRITERS_ANNOTATION]: order.names.pods });
  return { ...meta, labels: { ...meta.labels, [BUILD_JOB_LABEL]: order.names.job } };
}

/** The MachineOSBuild as an owner that nothing waits for. */
export function buildOwner({ build }: JobOrder): OwnerReference {
  const { apiVersion, kind, metadata } = build;
  const uid = metadata['uid'];
  return { apiVersion, kind, name: metadata.name, uid: typeof uid === 'string' ? uid : '' };
}
