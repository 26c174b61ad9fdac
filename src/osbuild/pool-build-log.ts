import { formatReference } from '../oci/index.ts';
import type { BuilderEvents, BuiltImage } from './pool-builder.ts';

/** What a build tells about itself, line by line, for the people who read its log. */
export class PoolBuildLog {
  readonly #say: (line: string) => void;
  readonly #times: string[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  get events(): BuilderEvents {
    const say = this.#say;
    let layers = 0;
    let read = 0;
    return {
      onIndexing: ({ base, layers: count, bytes }) => {
        layers = count;
        read = 0;
        say(`note: ${formatReference(base)} is new here: reading its ${count} layers once (${bytes} bytes)`);
      },
      onIndexingElsewhere: (base) =>
        say(`note: ${formatReference(base)} is new here: waiting for another build, which is reading it`),
      onLayerRead: ({ size }) => {
        read += 1;
        say(`read      layer ${read} of ${layers} (${size} bytes)`);
      },
      onIndexed: ({ publishedAt }) =>
        say(
          publishedAt === undefined
            ? 'note: the index of the base could not be left in the push registry; a controller that starts anew will read the base again'
            : `note: the index of the base is at ${formatReference(publishedAt)} for every later build`,
        ),
      onWarning: (warning) => say(`warning: ${warning}`),
      onLost: (digest) =>
        say(`warning: the registry said that it has ${digest}, and has not: pushing everything again`),
      onStep: (step, milliseconds) => this.#times.push(`${step} ${milliseconds.toFixed(1)} ms`),
    };
  }

  /** The build has made its image. */
  ended({ base, images, pushed }: BuiltImage): void {
    this.#say(`base      ${formatReference(base.reference)}`);
    for (const { base, layer, entries } of images) {
      const { architecture } = base.config;
      const { digest, size } = layer.descriptor;
      this.#say(`layer     ${digest} for ${architecture}: ${entries} entries, ${size} bytes`);
    }
    const how = pushed.upToDate
      ? 'is up to date: nothing was pushed'
      : `pushed; base layers: ${pushed.mounted} mounted, ${pushed.copied} copied`;
    this.#say(`image     ${pushed.reference} ${how}`);
    this.#say(`time      ${this.#times.join(', ')}`);
  }
}
