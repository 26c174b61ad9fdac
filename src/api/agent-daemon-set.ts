import { AGENT_SERVICE_ACCOUNT } from './agent-annotations.ts';
import type { JsonObject } from '../schema/index.ts';

/** Where agents keep their journals on their hosts, and the port of health and metrics there. */
const STATE = '/var/lib/varve';
const HEALTH_PORT = 8797;

/**
 * `deploy/agent/daemonset.yaml`: one agent on each Linux node, privileged and in the process namespace of its host, whose tools it
 * runs by entering the namespaces of PID 1 (host-contract §1.1).
 *
 * @param secret the pull secret, `NAMESPACE/NAME`
 */
export function agentDaemonSet(namespace: string, image: string, secret: string): JsonObject {
  const labels = { 'app.kubernetes.io/name': AGENT_SERVICE_ACCOUNT };
  const probe = (path: string): JsonObject => ({
    httpGet: { host: '127.0.0.1', path, port: HEALTH_PORT },
    periodSeconds: 30,
  });
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: AGENT_SERVICE_ACCOUNT, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: AGENT_SERVICE_ACCOUNT,
          hostPID: true,
          // The registries and proxies that the host reaches; and its loopback, where health and metrics are.
          hostNetwork: true,
          dnsPolicy: 'ClusterFirstWithHostNet',
          priorityClassName: 'system-node-critical',
          // What drains a node waits for no DaemonSet; a node that is tainted needs its agent all the same.
          tolerations: [{ operator: 'Exists' }],
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          // A pull that is broken off goes on at the next start.
          terminationGracePeriodSeconds: 30,
          containers: [
            {
              name: 'agent',
              image,
              args: [
                'agent',
                '--host-pid=1',
                `--state=${STATE}`,
                `--pull-secret=${secret}`,
                `--health-address=127.0.0.1:${HEALTH_PORT}`,
                '--log-format=json',
              ],
              env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
              securityContext: { privileged: true, runAsUser: 0 },
              resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
              livenessProbe: { ...probe('/livez'), failureThreshold: 4 },
              readinessProbe: probe('/readyz'),
            },
          ],
        },
      },
    },
  };
}
