import {
  API_GROUP,
  API_VERSION,
  OPERATOR_NAMESPACE,
  ROLE_LABEL,
  agentSecretPermissions,
  controllerPermissions,
} from '../api/index.ts';
import { agentsGroup } from './access/index.ts';
import type { JsonObject } from '../schema/index.ts';

/** What a cluster's objects say of the world around them. */
export interface ClusterFacts {
  /** `host:port` of the registry that pools' images go to. */
  readonly registry: string;
  /** The base image of pools that name no other. */
  readonly base: string;
  /** The certificate, in PEM, that the API server is known by. */
  readonly authority: string;
}

/**
 * What a cluster has for Varve: its namespace, the built-in pools, a ControllerConfig, a secret for the registry
 * (contract §1.2, §1.6), and what its controllers may do. Created where they are missing.
 */
export function clusterObjects(facts: ClusterFacts): JsonObject[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OPERATOR_NAMESPACE } },
    builtInPool('worker', {}),
    builtInPool('master', { 'operator.machineconfiguration.openshift.io/required-for-upgrade': '' }),
    controllerConfig(facts),
    registrySecret(facts.registry),
    ...PERMISSIONS,
  ];
}

/** What of them follows the command line at each start: a merge patch for each object. */
export function clusterSettings(facts: ClusterFacts): JsonObject[] {
  return [
    {
      apiVersion: API_VERSION,
      kind: 'ControllerConfig',
      metadata: { name: CONTROLLER_CONFIG },
      spec: { baseOSContainerImage: facts.base },
    },
    registrySecret(facts.registry),
    // An older version's controllers needed other things.
    ...PERMISSIONS.filter((object) => 'rules' in object),
  ];
}

/** The user that `varve up` runs its controllers as. */
export const CONTROLLER_USER = 'varve-controller';

/** The secret for the registry. */
export const REGISTRY_SECRET = 'registry';

const PERMISSIONS = [
  ...controllerPermissions(OPERATOR_NAMESPACE, { kind: 'User', name: CONTROLLER_USER }),
  // What else an agent may do, it may as its node.
  ...agentSecretPermissions(OPERATOR_NAMESPACE, REGISTRY_SECRET, { kind: 'Group', name: agentsGroup }),
];

const CONTROLLER_CONFIG = 'machine-config-controller';

function builtInPool(name: string, labels: Record<string, string>): JsonObject {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfigPool',
    metadata: {
      name,
      labels: {
        ...labels,
        [`${API_GROUP}/mco-built-in`]: '',
        [`pools.operator.machineconfiguration.openshift.io/${name}`]: '',
      },
    },
    spec: {
      machineConfigSelector: { matchLabels: { [ROLE_LABEL]: name } },
      nodeSelector: { matchLabels: { [`node-role.kubernetes.io/${name}`]: '' } },
    },
  };
}

function controllerConfig({ base, authority }: ClusterFacts): JsonObject {
  return {
    apiVersion: API_VERSION,
    kind: 'ControllerConfig',
    metadata: { name: CONTROLLER_CONFIG },
    spec: {
      clusterDNSIP: '',
      cloudProviderConfig: '',
      // Neither may be empty: format byte (go-openapi's strfmt) wants at least four characters of base64.
      kubeAPIServerServingCAData: base64(authority),
      rootCAData: base64(authority),
      cloudProviderCAData: null,
      additionalTrustBundle: null,
      images: {},
      baseOSContainerImage: base,
      releaseImage: '',
      proxy: null,
      infra: null,
      dns: null,
      ipFamilies: 'IPv4',
      network: null,
    },
  };
}

/** The embedded registry lets everybody in; the secret is what a MachineOSConfig has to name all the same. */
function registrySecret(registry: string): JsonObject {
  const auth = base64('varve:varve');
  const config = JSON.stringify({ auths: { [registry]: { auth } } });
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: REGISTRY_SECRET, namespace: OPERATOR_NAMESPACE },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64(config) },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
