import type { LayerEvent } from './image-pull.ts';
import type { ToolRun } from './tool-run.ts';

/** What `--progress-fd` tells, and what is printed meanwhile (host-contract §1.7). */
export class BootcPullProgress {
  readonly #run: ToolRun;
  readonly #image: string;
  readonly #descriptor: number | undefined;

  constructor(run: ToolRun, image: string) {
    this.#run = run;
    this.#image = image;
    const descriptor = run.option('--progress-fd');
    this.#descriptor = descriptor === undefined ? undefined : Number(descriptor);
    this.#say({ type: 'Start', version: '0.1.0' });
  }

  layer({ digest, size, done, index, needed, cached }: LayerEvent): void {
    const total = sum(needed);
    const before = sum(needed.slice(0, index));
    if (index === 0 && !done) {
      this.#run.out(
        `layers already present: ${cached.length}; layers needed: ${needed.length} (${total} bytes)`,
      );
    }
    const id = digest.slice(0, 21);
    this.#say({
      type: 'ProgressBytes',
      task: 'pulling',
      description: `Pulling Image: ${this.#image}`,
      id: this.#image,
      bytesCached: sum(cached),
      bytes: before + (done ? size : 0),
      bytesTotal: total,
      stepsCached: cached.length,
      steps: index + (done ? 1 : 0),
      stepsTotal: needed.length,
      subtasks: [
        {
          subtask: 'layer',
          description: `layer: ${id}`,
          id,
          bytesCached: 0,
          bytes: done ? size : 0,
          bytesTotal: size,
        },
      ],
    });
  }

  imported(digest: string): void {
    this.#steps('importing', 'Importing Image', digest, 1, 1, ['importing']);
  }

  staged(digest: string): void {
    this.#steps('staging', 'Deploying Image', digest, 3, 3, [
      'fetching',
      'deploying',
      'bound_images',
      'cleanup',
    ]);
  }

  #steps(
    task: string,
    description: string,
    id: string,
    steps: number,
    stepsTotal: number,
    done: readonly string[],
  ): void {
    const subtasks = done.map((name) => ({ subtask: name, description: name, id: name, completed: true }));
    this.#say({ type: 'ProgressSteps', task, description, id, stepsCached: 0, steps, stepsTotal, subtasks });
  }

  #say(event: Readonly<Record<string, unknown>>): void {
    if (this.#descriptor !== undefined) this.#run.process.progress(this.#descriptor, JSON.stringify(event));
  }
}

function sum(layers: readonly { readonly size: number }[]): number {
  return layers.reduce((total, { size }) => total + size, 0);
}
