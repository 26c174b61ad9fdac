import { builtInKind } from './built-in-kind.ts';
import type { BuiltInKind, SchemaOf } from './built-in-kind.ts';
import { componentStatus } from './component-status.ts';
import { configMap } from './config-map.ts';
import { controllerRevision } from './controller-revision.ts';
import { cronJob } from './cron-job.ts';
import { customResourceDefinition } from './custom-resource-definition.ts';
import { daemonSet } from './daemon-set.ts';
import { deployment } from './deployment.ts';
import { podDisruptionBudget } from './disruption-budget.ts';
import { endpoints } from './endpoints.ts';
import { event, eventView } from './event.ts';
import { job } from './job.ts';
import type { Kind } from './kind.ts';
import { lease } from './lease.ts';
import { limitRange } from './limit-range.ts';
import { namespace } from './namespace.ts';
import { networkPolicy } from './network-policy.ts';
import { node } from './node.ts';
import { pod } from './pod.ts';
import { priorityClass } from './priority-class.ts';
import { rbacKinds } from './rbac.ts';
import { replicaSet } from './replica-set.ts';
import { resourceQuota } from './resource-quota.ts';
import { secret } from './secret.ts';
import { serviceAccount } from './service-account.ts';
import { service } from './service.ts';
import { statefulSet } from './stateful-set.ts';

/** In the order in which discovery names groups and, within them, resources. */
const ALL: readonly BuiltInKind[] = [
  componentStatus,
  configMap,
  endpoints,
  event,
  limitRange,
  namespace,
  node,
  pod,
  resourceQuota,
  secret,
  serviceAccount,
  service,
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
  eventView,
  cronJob,
  job,
  networkPolicy,
  podDisruptionBudget,
  ...rbacKinds,
  customResourceDefinition,
  priorityClass,
  lease,
];

/** Every kind that is served without a CustomResourceDefinition and stored. `schemaOf` gives the schema of a whole object. */
export function builtInKinds(schemaOf: SchemaOf): Kind[] {
  return ALL.map((rules) => builtInKind(rules, schemaOf));
}
