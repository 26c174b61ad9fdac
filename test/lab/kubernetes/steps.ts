import { setTimeout as sleep } from 'node:timers/promises';
import { until as holds } from '../until.ts';
import { isObject } from './recorded-values.ts';
import type { LabSession } from './session.ts';

/** Something that happened beside the recorded requests. */
export type Step = (session: LabSession) => Promise<void>;

/** How long something that controllers do may take, in seconds. */
const PATIENCE = 15;

/** Creates an object; `collection` may have a query, as for a manager other than curl. */
export function create(collection: string, object: unknown): Step {
  return async (session) => {
    await session.do('POST', collection, object);
  };
}

/** Creates an object that another one owns. */
export function createOwned(collection: string, owner: string, object: Record<string, unknown>): Step {
  return async (session) => {
    const found = await session.read(`${collection}/${owner}`);
    const metadata = found?.['metadata'] as Record<string, unknown>;
    const { name, uid } = metadata;
    await session.do('POST', collection, {
      ...object,
      metadata: {
        ...(object['metadata'] as Record<string, unknown>),
        ownerReferences: [{ apiVersion: found?.['apiVersion'], kind: found?.['kind'], name, uid }],
      },
    });
  };
}

export function merge(path: string, patch: unknown): Step {
  return async (session) => {
    await session.do('PATCH', path, patch, 'application/merge-patch+json');
  };
}

export function strategic(path: string, patch: unknown): Step {
  return async (session) => {
    await session.do('PATCH', path, patch, 'application/strategic-merge-patch+json');
  };
}

export function remove(path: string): Step {
  return async (session) => {
    await session.do('DELETE', path);
  };
}

export function evict(pod: string): Step {
  return async (session) => {
    await session.do('POST', `${pod}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod.slice(pod.lastIndexOf('/') + 1) },
    });
  };
}

/** Waits until an object is there and is as it should be. */
export function until(
  path: string,
  isReached: (object: Record<string, unknown>) => boolean = () => true,
): Step {
  return (session) =>
    holds(
      path,
      async () => {
        const object = await session.read(path);
        return object !== undefined && isReached(object);
      },
      PATIENCE,
    );
}

export function untilGone(path: string): Step {
  return (session) =>
    holds(`the end of ${path}`, async () => (await session.read(path)) === undefined, PATIENCE);
}

/** Says which recorded resourceVersion the present is. */
export function versionIs(recorded: string, collection: string): Step {
  return async (session) => {
    const list = await session.read(collection);
    const metadata = list?.['metadata'];
    if (isObject(metadata)) session.values.setVersion(recorded, String(metadata['resourceVersion']));
  };
}

/** Lets the second end: times of Kubernetes are whole seconds, and a time that does not change is nobody's doing. */
export const nextSecond: Step = async () => {
  await sleep(1000 - (Date.now() % 1000));
};
