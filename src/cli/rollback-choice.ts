import { CliError } from './cli-error.ts';
import type { PastImage, PoolHistory } from './pool-history.ts';

/**
 * Which image a rollback goes to.
 *
 * @param to a number, a build, an image, or the beginning of its digest; without it, the image before the one in force
 * @throws CliError where there is none, or where it is the one in force
 */
export function chooseRollback({ pool, images }: PoolHistory, to: string | undefined): PastImage {
  const current = images.findIndex(({ inForce }) => inForce);
  if (to === undefined) {
    const before = images[(current < 0 ? images.length : current) - 1];
    if (before !== undefined) return distinct(pool, before, images[current]);
    throw refused(
      images.length === 0
        ? `pool ${pool} has had no image yet; varve status says what it waits for`
        : `pool ${pool} has no image before the one in force; varve history ${pool} lists what is kept`,
    );
  }
  const digits = to.replace(/^sha256:/u, '');
  const found = images.filter(
    ({ number, build, image }) =>
      String(number) === to ||
      build === to ||
      image === to ||
      (/^[0-9a-f]{6,64}$/u.test(digits) && image.includes(`@sha256:${digits}`)),
  );
  const [only, another] = found;
  if (only === undefined || another !== undefined) {
    const what = only === undefined ? 'has no image' : 'has several images';
    throw refused(`pool ${pool} ${what} ${to}; varve history ${pool} lists what is kept`);
  }
  if (only.inForce)
    throw refused(`image ${only.number} of pool ${pool} is what its nodes are to run already`);
  return distinct(pool, only, images[current]);
}

/** A rollback names a configuration: two images of one differ in what no MachineConfig says. */
function distinct(pool: string, wanted: PastImage, current: PastImage | undefined): PastImage {
  if (wanted.configuration !== current?.configuration) return wanted;
  throw refused(
    `image ${wanted.number} of pool ${pool} has the configuration of the one in force, ${wanted.configuration}, on another base or of another MachineOSConfig: change those back instead, or choose an earlier one of varve history ${pool}`,
  );
}

function refused(message: string): CliError {
  return new CliError('cluster', message);
}
