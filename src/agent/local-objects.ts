import { DESIRED_CONFIG_ANNOTATION, DESIRED_IMAGE_ANNOTATION } from '../api/index.ts';
import type { AnnotationChanges } from './node-report.ts';
import type { AgentObjects, NodeObject } from './own-objects.ts';

/** What one host is to run that is in no cluster: a Node that is a value of this process. What is said of it is heard by nobody. */
export class LocalObjects implements AgentObjects {
  readonly machineConfigNode = undefined;
  #annotations: Readonly<Record<string, string>>;
  readonly #name: string;

  /** @param image by its digest. @param config what it was made of, by name */
  constructor(name: string, image: string, config: string) {
    this.#name = name;
    this.#annotations = { [DESIRED_IMAGE_ANNOTATION]: image, [DESIRED_CONFIG_ANNOTATION]: config };
  }

  get node(): NodeObject {
    return { metadata: { name: this.#name, uid: 'local', annotations: this.#annotations } };
  }

  run(signal: AbortSignal, changed: () => void): Promise<void> {
    changed();
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  readNode(): Promise<NodeObject> {
    return Promise.resolve(this.node);
  }

  annotate(_seen: NodeObject, changes: AnnotationChanges): Promise<void> {
    const next: Record<string, string> = { ...this.#annotations };
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) Reflect.deleteProperty(next, key);
      else next[key] = value;
    }
    this.#annotations = next;
    return Promise.resolve();
  }

  readMachineConfigNode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  report(): Promise<void> {
    return Promise.resolve();
  }
}
