import type { HostAbilities } from './host-view.ts';
import { ModelHost, type ModelImage } from './test-host.ts';

/** An image of the model; `letter` is all that tells it from others. */
function image(letter: string, more: Partial<ModelImage> = {}): ModelImage {
  const digest = `sha256:${letter.repeat(64)}`;
  const base = `registry.example/base/os@sha256:${'0'.repeat(64)}`;
  return {
    digest,
    image: `registry.example/os/worker@${digest}`,
    config: `rendered-worker-${letter}`,
    base,
    kernelArguments: [],
    behaviour: 'boots',
    family: undefined,
    ...more,
  };
}

const base = image('0', {
  image: `registry.example/base/os@sha256:${'0'.repeat(64)}`,
  config: undefined,
  base: undefined,
});

/** A host begins with the base. `a`, `b` and `c` are good, `a2` and `a3` differ from `a` in /etc alone; each of the others is bad in its way. */
export const IMAGES: Readonly<
  Record<'base' | 'a' | 'a2' | 'a3' | 'b' | 'c' | 'fallsBack' | 'conflict' | 'bad', ModelImage>
> = {
  base,
  a: image('a', { kernelArguments: ['quiet', 'a=1'], family: 'a' }),
  a2: image('2', { kernelArguments: ['quiet', 'a=1'], family: 'a' }),
  a3: image('3', { kernelArguments: ['quiet', 'a=1'], family: 'a' }),
  b: image('b', { kernelArguments: ['quiet', 'b=1'] }),
  c: image('c'),
  fallsBack: image('d', { behaviour: 'falls-back' }),
  conflict: image('e', { behaviour: 'etc-conflict' }),
  bad: image('f', { behaviour: 'bad-image' }),
};

export const ABLE: HostAbilities = {
  lock: 'with-staging',
  fetch: false,
  ahead: 'stage',
  pin: true,
  carriesLocalChanges: false,
};

/** A host that runs the base. */
export function modelHost(abilities: Partial<HostAbilities> = {}, ownArguments = true): ModelHost {
  return new ModelHost(Object.values(IMAGES), { ...ABLE, ...abilities }, ownArguments);
}
