import type { MachineConfig } from '../api/index.ts';
import { pause, type Clock } from '../kube/index.ts';
import { formatRepository, parseReference, type Reference } from '../oci/index.ts';
import type { BuildFailure, PoolRegistry } from '../osbuild/index.ts';
import { buildFailure } from '../osbuild/index.ts';
import { Inquiries, type InquiriesOptions } from './inquiries.ts';

/** An image of a pool, and whom to ask about it. */
export interface ImageRequest {
  readonly pool: string;
  /** By its digest. */
  readonly image: string;
  /** Any reference into the repository that the pool's images go to; an image that was built elsewhere may be elsewhere. */
  readonly push: Reference;
  readonly registry: PoolRegistry;
  /** Of the registry's access. */
  readonly accessKey: string;
}

/** How much later a registry that has not got an image is asked once more, in milliseconds: one that starts may not know yet. */
const SECOND_LOOK = 1000;
/** How often it is made sure that a pool's tags name what they should, in milliseconds. */
const TAGS_FRESH = 3_600_000;

/** Images of pools in their registries: whether they are there, and that the pools' tags name them. */
export class PoolImages {
  readonly #clock: Clock;
  readonly #presence: Inquiries<'present' | 'missing'>;
  readonly #tags: Inquiries<true>;

  constructor(options: InquiriesOptions) {
    this.#clock = options.clock;
    this.#presence = new Inquiries(options);
    this.#tags = new Inquiries(options);
  }

  /**
   * Whether the registry has an image, or why it cannot say; undefined while it is being asked, after which the pool comes
   * back.
   *
   * @param fresh how old an answer may be, in milliseconds
   */
  presenceOf(request: ImageRequest, fresh: number): 'present' | 'missing' | BuildFailure | undefined {
    const { pool, image, push, registry } = request;
    const answer = this.#presence.ask(pool, questionOf(request), fresh, async (signal) => {
      if (await registry.has(image, signal, push)) return 'present';
      await pause(this.#clock, SECOND_LOOK, signal);
      return (await registry.has(image, signal, push)) ? 'present' : 'missing';
    });
    if (answer === undefined) return undefined;
    return 'error' in answer ? buildFailure(answer.error) : answer.value;
  }

  /** The registry has the image: a build has just pushed it. */
  notePresent(request: Omit<ImageRequest, 'registry' | 'push'>): void {
    this.#presence.note(request.pool, questionOf(request), 'present');
  }

  /** What was said of the pool's image does not hold any more. */
  forgetPresence(pool: string): void {
    this.#presence.forget(pool);
  }

  /**
   * Lets the pool's tags name its image and its configuration. Why they do not, if they cannot be written. In a repository
   * that the pool does not push to nothing is written.
   */
  publishTags(request: ImageRequest, rendered: MachineConfig): BuildFailure | undefined {
    const { pool, image, push, registry } = request;
    if (formatRepository(parseReference(image)) !== formatRepository(push)) return undefined;
    const question = `${questionOf(request)}\n${rendered.metadata.name}`;
    const answer = this.#tags.ask(pool, question, TAGS_FRESH, async (signal) => {
      await registry.publishTags({ pool, image, rendered, signal });
      return true;
    });
    return answer !== undefined && 'error' in answer ? buildFailure(answer.error) : undefined;
  }

  /** A pool that is not in image mode any more. */
  forget(pool: string): void {
    this.#presence.forget(pool);
    this.#tags.forget(pool);
  }

  async close(): Promise<void> {
    await Promise.all([this.#presence.close(), this.#tags.close()]);
  }
}

function questionOf({ image, accessKey }: Omit<ImageRequest, 'registry' | 'push'>): string {
  return `${image}\n${accessKey}`;
}
