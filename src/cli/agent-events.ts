import type { AgentNews, FilesNews, NodeObject } from '../agent/index.ts';
import { EventRecorder, type KubeClient, KubeError } from '../kube/index.ts';

/** Tells events of an agent's own Node. */
export interface NodeEvents {
  record(news: AgentNews | FilesNews): void;
  /** Writes what is pending. */
  close(): Promise<void>;
}

/** @param seen the Node as it was last heard of */
export function nodeEvents(
  client: KubeClient,
  node: string,
  seen: () => NodeObject | undefined,
  report: (error: unknown) => void,
): NodeEvents {
  const recorder = new EventRecorder({
    // An agent may make events and change none: one that occurs again is a new one.
    client: {
      clock: client.clock,
      create: (type, object, options) => client.create(type, object, options),
      patch: () => Promise.reject(new KubeError('not-found', 'events of an agent are not changed')),
    },
    component: 'varve-agent',
    instance: node,
    report,
  });
  return {
    record({ type, reason, message }) {
      const { uid } = seen()?.metadata ?? {};
      const object = { apiVersion: 'v1', kind: 'Node', name: node, ...(uid === undefined ? {} : { uid }) };
      recorder.record({ object, type, reason, message });
    },
    close: () => recorder.close(),
  };
}
