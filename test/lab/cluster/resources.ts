import { API_GROUP, type CustomResourceDefinition } from '../../../src/api/index.ts';
import { resourceType, type KubeObject, type ResourceType } from '../../../src/kube/index.ts';

/** A definition with what a server says of it. */
export type StoredDefinition = KubeObject &
  Pick<CustomResourceDefinition, 'spec'> & {
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  };

export interface StoredNamespace extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] };
}

export const NAMESPACES: ResourceType<StoredNamespace> = resourceType({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
});

export const MACHINE_CONFIG_NODES: ResourceType = resourceType({
  group: API_GROUP,
  version: 'v1',
  kind: 'MachineConfigNode',
  plural: 'machineconfignodes',
  namespaced: false,
});

export const DEFINITIONS: ResourceType<StoredDefinition> = resourceType({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
});
