import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_GROUP } from '../api/index.ts';
import { KubeError, type KubeErrorCode } from '../kube/index.ts';
import { clusterTroubles, type FailedAccess } from './cluster-troubles.ts';

const SERVER = 'https://api.example.com:6443';

function failed(plural: string, code: KubeErrorCode, message: string): FailedAccess {
  const core = ['nodes', 'secrets', 'leases'].includes(plural);
  return { type: { group: core ? '' : API_GROUP, plural }, error: new KubeError(code, message) };
}

const CASES: Readonly<
  Record<string, readonly [failures: readonly FailedAccess[], troubles: readonly string[]]>
> = {
  'nothing is wrong': [[], []],
  'a server that is away is one trouble': [
    [
      failed('nodes', 'unavailable', 'cannot list Node: connect ECONNREFUSED 10.0.0.1:6443'),
      failed(
        'machineosbuilds',
        'unavailable',
        'cannot watch MachineOSBuild: connect ECONNREFUSED 10.0.0.1:6443',
      ),
      failed('leases', 'timeout', 'cannot get Lease "a/b": no answer within 5 s'),
    ],
    [`the API server ${SERVER} cannot be reached, and is tried again: connect ECONNREFUSED 10.0.0.1:6443`],
  ],
  'missing definitions are one trouble, which names them in order': [
    [
      failed(
        'machineosconfigs',
        'not-served',
        'cannot watch MachineOSConfig: the server could not find the requested resource',
      ),
      failed(
        'machineosbuilds',
        'not-served',
        'cannot watch MachineOSBuild: the server could not find the requested resource',
      ),
    ],
    [
      'the API server does not serve machineosbuilds, machineosconfigs; create the CustomResourceDefinitions: kubectl apply -f deploy/crds',
    ],
  ],
  'a server without nodes is no API server': [
    [failed('nodes', 'not-served', 'cannot list Node: status 404')],
    [`${SERVER} does not serve nodes; is it a Kubernetes API server?`],
  ],
  'missing permissions': [
    [
      failed(
        'secrets',
        'forbidden',
        'cannot list Secret: secrets is forbidden: User "x" cannot list resource "secrets"',
      ),
      failed(
        'nodes',
        'forbidden',
        'cannot list Node: nodes is forbidden: User "x" cannot list resource "nodes"',
      ),
    ],
    [
      'the API server does not let this process have nodes, secrets; give it the permissions in deploy/controller/rbac.yaml: secrets is forbidden: User "x" cannot list resource "secrets"',
    ],
  ],
  'a token that has ended': [
    [failed('nodes', 'unauthorized', 'cannot list Node: Unauthorized')],
    [
      `the API server ${SERVER} does not know who this is; renew the token or certificate of the kubeconfig: Unauthorized`,
    ],
  ],
  'a certificate of somebody else': [
    [
      failed(
        'nodes',
        'tls',
        "cannot list Node: the server's certificate or ours was refused: self-signed certificate",
      ),
    ],
    [
      `the API server ${SERVER} cannot be trusted; check certificate-authority in the kubeconfig: the server's certificate or ours was refused: self-signed certificate`,
    ],
  ],
  'different troubles are told apart': [
    [
      failed('nodes', 'server-error', 'cannot list Node: etcd is away'),
      failed('machineosbuilds', 'not-served', 'cannot watch MachineOSBuild: no'),
    ],
    [
      'the API server does not answer as it should about nodes: etcd is away',
      'the API server does not serve machineosbuilds; create the CustomResourceDefinitions: kubectl apply -f deploy/crds',
    ],
  ],
  'a file of the kubeconfig that is gone says so itself': [
    [failed('nodes', 'configuration', 'cannot read /tokens/a: no such file')],
    ['cannot read /tokens/a: no such file'],
  ],
  'a namespace that is not there': [
    [failed('leases', 'not-found', 'cannot create Lease "a/varve-controller": namespaces "a" not found')],
    [
      'there is no place for leases: namespaces "a" not found; kubectl create namespace a, or name another with --namespace',
    ],
  ],
  'anything else is its own word': [
    [{ type: { group: '', plural: 'nodes' }, error: new Error('oh') }],
    ['oh'],
  ],
};

for (const [name, [failures, troubles]] of Object.entries(CASES)) {
  test(`clusterTroubles(): ${name}`, () => {
    assert.deepEqual(clusterTroubles(SERVER, failures), troubles);
  });
}
