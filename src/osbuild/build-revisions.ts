import type { MachineOSBuild } from '../api/index.ts';
import { compareNewestFirst, REVISION_ANNOTATION } from '../api/index.ts';

/** A build with the number that people know it by. */
export interface NumberedBuild {
  readonly build: MachineOSBuild;
  readonly revision: number;
}

/**
 * The builds of one MachineOSConfig in the order in which they came about, each with its number. Builds keep theirs
 * ({@link REVISION_ANNOTATION}), whichever others go; those that were made before there were numbers have the first ones. No two
 * have the same, even where two controllers gave it.
 */
export function numberBuilds(builds: Iterable<MachineOSBuild>): readonly NumberedBuild[] {
  const found = [...builds].map((build) => ({ build, noted: notedOn(build) }));
  found.sort((one, other) => one.noted - other.noted || compareNewestFirst(other.build, one.build));
  let last = 0;
  return found.map(({ build, noted }) => {
    last = Math.max(last + 1, noted);
    return { build, revision: last };
  });
}

/** The number of the next build of a MachineOSConfig. */
export function nextRevision(builds: Iterable<MachineOSBuild>): number {
  return (numberBuilds(builds).at(-1)?.revision ?? 0) + 1;
}

/** 0 where it has none, or what somebody wrote there is no such number. */
function notedOn({ metadata }: MachineOSBuild): number {
  const text = metadata.annotations?.[REVISION_ANNOTATION] ?? '';
  return /^[1-9]\d{0,8}$/u.test(text) ? Number(text) : 0;
}
