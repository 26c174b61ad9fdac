import {
  forbiddenValue,
  formatTime,
  invalidValue,
  isTrueAt,
  numberAt,
  objectAt,
  objectsAt,
  sameJson,
  textAt,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { corePart, PART_VERBS, PROXY_VERBS } from './built-in-kind.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { conditionTimeDefaults } from './conditions.ts';
import { ensureObject, setDefault, setOrRemove } from './members.ts';
import { admitPod } from './pod-admission.ts';
import { podSpecDefaults } from './pod-defaults.ts';
import { podTable } from './pod-table.ts';
import { podSpecErrors } from './pod-validation.ts';
import { podSpecUpdateErrors } from './pod-update.ts';
import { unlessOneOf } from './problems.ts';
import { qualityOfService } from './quality-of-service.ts';
import { specChanged } from './strategy.ts';

const CONTAINER_STATUSES = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];
const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];

/** core/v1 Pod. */
export const pod: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  subresources: [
    corePart('attach', 'PodAttachOptions', ['create', 'get']),
    corePart('binding', 'Binding', ['create']),
    corePart('ephemeralcontainers', 'Pod', PART_VERBS),
    {
      name: 'eviction',
      responseKind: { group: 'policy', version: 'v1', kind: 'Eviction' },
      verbs: ['create'],
    },
    corePart('exec', 'PodExecOptions', ['create', 'get']),
    corePart('log', 'Pod', ['get']),
    corePart('portforward', 'PodPortForwardOptions', ['create', 'get']),
    corePart('proxy', 'PodProxyOptions', PROXY_VERBS),
    corePart('resize', 'Pod', PART_VERBS),
  ],
  strategy: {
    counts: specChanged,
    returnsDeleted: true,
    status: () => ({ phase: 'Pending' }),
    defaults(object) {
      const spec = ensureObject(object, 'spec');
      setDefault(spec, 'enableServiceLinks', true);
      podSpecDefaults(spec);
      statusDefaults(ensureObject(object, 'status'));
    },
    create(object, context) {
      admitPod(object, context);
      const status = ensureObject(object, 'status');
      status['qosClass'] = qualityOfService(objectAt(object, 'spec'));
      if (objectsAt(object, 'spec', 'schedulingGates').length > 0) {
        status['conditions'] = [gatedCondition(formatTime(context.now))];
      }
    },
    validateNew: (object) => podSpecErrors(objectAt(object, 'spec') ?? {}, 'spec'),
    validateUpdate: podSpecUpdateErrors,
    statusUpdate(object, old) {
      const metadata = ensureObject(object, 'metadata');
      setOrRemove(metadata, 'ownerReferences', valueAt(old, 'metadata', 'ownerReferences'));
      const qosClass = textAt(old, 'status', 'qosClass');
      if (qosClass !== '') setDefault(ensureObject(object, 'status'), 'qosClass', qosClass);
    },
    validateStatusUpdate: statusErrors,
    gracePeriodSeconds,
  },
  table: podTable,
  fields: {
    'spec.nodeName': (object) => textAt(object, 'spec', 'nodeName'),
    'spec.restartPolicy': (object) => textAt(object, 'spec', 'restartPolicy'),
    'spec.schedulerName': (object) => textAt(object, 'spec', 'schedulerName'),
    'spec.serviceAccountName': (object) => textAt(object, 'spec', 'serviceAccountName'),
    'spec.hostNetwork': (object) => String(isTrueAt(object, 'spec', 'hostNetwork')),
    'status.phase': (object) => textAt(object, 'status', 'phase'),
    'status.podIP': (object) => textAt(object, 'status', 'podIP'),
    'status.podIPs': (object) =>
      textAt(objectsAt(object, 'status', 'podIPs')[0], 'ip') || textAt(object, 'status', 'podIP'),
    'status.nominatedNodeName': (object) => textAt(object, 'status', 'nominatedNodeName'),
  },
};

/** Members that are sent even when they are empty. */
function statusDefaults(status: JsonObject): void {
  conditionTimeDefaults(status, 'lastProbeTime', 'lastTransitionTime');
  for (const list of CONTAINER_STATUSES) {
    for (const container of objectsAt(status, list)) {
      ensureObject(container, 'state');
      ensureObject(container, 'lastState');
      for (const state of ['state', 'lastState']) endDefaults(objectAt(container, state, 'terminated'));
      const running = objectAt(container, 'state', 'running');
      if (running !== undefined) setDefault(running, 'startedAt', null);
    }
  }
}

function endDefaults(terminated: JsonObject | undefined): void {
  if (terminated === undefined) return;
  setDefault(terminated, 'startedAt', null);
  setDefault(terminated, 'finishedAt', null);
}

function gatedCondition(now: string): JsonObject {
  return {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: now,
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
}

function statusErrors(object: JsonObject, old: JsonObject): FieldError[] {
  const errors: FieldError[] = [...unlessOneOf('status.phase', textAt(object, 'status', 'phase'), PHASES)];
  const nominated = textAt(object, 'status', 'nominatedNodeName');
  if (nominated !== '' && nominated.includes('/')) {
    errors.push(invalidValue('status.nominatedNodeName', nominated, "may not contain '/'"));
  }
  const terminated = new Map(
    objectsAt(old, 'status', 'containerStatuses')
      .filter((container) => objectAt(container, 'state', 'terminated') !== undefined)
      .map((container) => [textAt(container, 'name'), valueAt(container, 'state', 'terminated')]),
  );
  const policy = textAt(old, 'spec', 'restartPolicy');
  for (const [index, container] of objectsAt(object, 'status', 'containerStatuses').entries()) {
    const end = terminated.get(textAt(container, 'name'));
    // A container that ended stays so, unless its pod restarts containers.
    if (end === undefined || policy === 'Always') continue;
    if (policy === 'OnFailure' && (numberAt(end, 'exitCode') ?? 0) !== 0) continue;
    if (objectAt(container, 'state', 'terminated') !== undefined) continue;
    const detail = 'may not be transitioned to non-terminated state';
    errors.push(forbiddenValue(`status.containerStatuses[${index}].state`, detail));
  }
  const qosClass = textAt(old, 'status', 'qosClass');
  if (qosClass !== '' && !sameJson(textAt(object, 'status', 'qosClass'), qosClass)) {
    errors.push(invalidValue('status.qosClass', textAt(object, 'status', 'qosClass'), 'field is immutable'));
  }
  return errors;
}

/** How long a pod has to end: none unless it is on a node and still runs (CheckGracefulDelete). */
function gracePeriodSeconds(object: JsonObject, requested: number | undefined): number {
  const phase = textAt(object, 'status', 'phase');
  if (textAt(object, 'spec', 'nodeName') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const seconds = requested ?? numberAt(object, 'spec', 'terminationGracePeriodSeconds') ?? 0;
  return seconds < 0 ? 1 : seconds;
}
