export { Backoff, REFLECTOR_BACKOFF, backoffDelay } from './backoff.ts';
export type { BackoffLimits } from './backoff.ts';
export { ChangeFeed } from './change-feed.ts';
export { KubeClient } from './client.ts';
export type {
  CallOptions,
  DeleteOptions,
  KubeClientOptions,
  ListOptions,
  ListPage,
  Selection,
  WatchOptions,
  WriteOptions,
} from './client.ts';
export { pause, systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export type { ClusterAccess, ValueSource } from './cluster-access.ts';
export { Controller } from './controller.ts';
export type { ControllerNumbers, ControllerOptions, ReconcileContext, Reconciliation } from './controller.ts';
export { startDeadline } from './deadline.ts';
export type { Deadline } from './deadline.ts';
export { EVENTS } from './event.ts';
export type { EventType, KubeEvent, ObjectReference } from './event.ts';
export { DEFAULT_EVENT_LIMITS } from './event-correlator.ts';
export type { EventLimits, Occurrence } from './event-correlator.ts';
export { EventRecorder, referenceTo } from './event-recorder.ts';
export type { EventNumbers, EventRecorderOptions } from './event-recorder.ts';
export { FakeClock } from './fake-clock.ts';
export { inClusterAccess } from './in-cluster.ts';
export { Informer } from './informer.ts';
export type { InformerOptions } from './informer.ts';
export { KubeError, isKubeError } from './kube-error.ts';
export type { ErrorCause, KubeErrorCode, KubeErrorFacts } from './kube-error.ts';
export { loadKubeconfig } from './kubeconfig.ts';
export { PATIENT_LEASE, QUICK_LEASE, lead } from './leader-election.ts';
export type { LeaderElectionOptions, LeaseTimings } from './leader-election.ts';
export { LEASES } from './lease.ts';
export type { Lease } from './lease.ts';
export { listByPages } from './list-pages.ts';
export type { ListAllOptions } from './list-pages.ts';
export { DEFAULT_LIVENESS } from './session-options.ts';
export type { LivenessLimits } from './session-options.ts';
export { ObjectCache, labelIndex } from './object-cache.ts';
export type { Change, IndexFunction, Indexes, ObjectView } from './object-cache.ts';
export { OUTCOME_KINDS, outcomes } from './outcome.ts';
export type { Outcome, OutcomeKind } from './outcome.ts';
export type { JsonPatchOperation, Patch } from './patch.ts';
export { DEFAULT_REFLECTOR_TIMINGS } from './reflector.ts';
export type { ReflectorNumbers, ReflectorTimings } from './reflector.ts';
export { formatKey, keyOf, parseKey, resourceType } from './resource-type.ts';
export type { KubeObject, ObjectKey, ObjectMetadata, OwnerReference, ResourceType } from './resource-type.ts';
export { SharedInformers } from './shared-informers.ts';
export type { WatchEvent } from './watch-events.ts';
export { QUEUE_BACKOFF, WorkQueue } from './work-queue.ts';
export type { QueueNumbers, WorkQueueOptions } from './work-queue.ts';
