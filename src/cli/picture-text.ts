import type { ClusterPicture, NodePicture } from './cluster-picture.ts';
import { formatTable } from './output.ts';
import { formatAge } from './pool-summary.ts';
import { sentenceOf } from './why.ts';

/** The size of a terminal, in characters. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Those that wait for somebody come first. */
const URGENCY: readonly NodePicture['progress'][] = ['stuck', 'updating', 'waiting', 'updated'];

/** The picture as lines that fit a terminal; what does not fit is counted. @param now milliseconds since 1970 */
export function pictureLines(
  { pools, builds, nodes }: ClusterPicture,
  { columns, rows }: ScreenSize,
  now: number,
): readonly string[] {
  const poolLines = pools.flatMap(({ name, state, nodes: count, image, message }) => [
    { cells: [name, state, `${count.updated}/${count.total}`, shortDigest(image)], below: message },
  ]);
  const head = table([['POOL', 'STATE', 'NODES', 'IMAGE'], ...poolLines.map(({ cells }) => cells)]);
  const lines = head.flatMap((line, at) => {
    const below = at === 0 ? undefined : poolLines[at - 1]?.below;
    return below === undefined ? [line] : [line, `    ${below}`];
  });
  const running = builds.filter(({ state }) => state !== 'succeeded');
  if (running.length > 0) {
    lines.push('');
    lines.push(
      ...table([
        ['BUILD', 'POOL', 'STATE', 'FOR'],
        ...running.map(({ name, pool, state, created, started }) => {
          const since = started ?? created;
          return [name, pool, state, since === null ? '-' : formatAge(now - Date.parse(since))];
        }),
      ]),
    );
  }
  if (nodes.length > 0) {
    lines.push('', ...nodeLines(nodes, rows - lines.length - 2));
  }
  return lines.slice(0, Math.max(1, rows - 1)).map((line) => cut(line, columns));
}

function nodeLines(nodes: readonly NodePicture[], room: number): string[] {
  const ordered = nodes.toSorted(
    (one, other) => URGENCY.indexOf(one.progress) - URGENCY.indexOf(other.progress),
  );
  // A line for the head, and one for those that are not shown.
  const fits = ordered.length < room ? ordered.length : Math.max(1, room - 2);
  const shown = ordered.slice(0, fits);
  const lines = table([
    ['NODE', 'POOL', 'STATE', 'IMAGE', 'WHAT IT WAITS FOR'],
    ...shown.map((node) => [
      node.name,
      node.pool,
      stateOf(node),
      shortDigest(node.image),
      node.progress === 'updated' ? '' : withoutName(node),
    ]),
  ]);
  const rest = ordered.slice(fits);
  if (rest.length > 0) lines.push(`and ${countOf(rest)}`);
  return lines;
}

function countOf(nodes: readonly NodePicture[]): string {
  return URGENCY.map(
    (progress) => [progress, nodes.filter((node) => node.progress === progress).length] as const,
  )
    .filter(([, count]) => count > 0)
    .map(([progress, count]) => `${count} ${progress}`)
    .join(', ');
}

/** Its progress, or what it does if it is on its way. */
export function stateOf({ progress, reason }: NodePicture): string {
  return progress === 'updating' ? reason.replaceAll(/(?<=.)([A-Z])/gu, ' $1').toLowerCase() : progress;
}

function withoutName(node: NodePicture): string {
  return sentenceOf(node).replace(`Node ${node.name} `, '');
}

/**
 * What has come about between two pictures, a line each: for where nothing can be drawn over.
 *
 * @param before undefined: nothing was said yet
 */
export function changeLines(before: ClusterPicture | undefined, after: ClusterPicture): readonly string[] {
  const old = new Map(before === undefined ? [] : entriesOf(before));
  return entriesOf(after)
    .filter(([key, line]) => old.get(key) !== line)
    .map(([, line]) => line);
}

/** One line for each thing, by what it is about. */
function entriesOf({ pools, builds, nodes }: ClusterPicture): (readonly [string, string])[] {
  return [
    ...pools.map(
      ({ name, state, message }) => [`pool/${name}`, `pool ${name} ${state}: ${message}`] as const,
    ),
    ...builds.map(
      ({ name, pool, state, image, message }) =>
        [
          `build/${name}`,
          `build ${name} of pool ${pool} ${state}${state === 'succeeded' ? `: ${image ?? ''}` : message === null ? '' : `: ${message}`}`,
        ] as const,
    ),
    ...nodes.map(
      (node) => [`node/${node.name}`, `node ${node.name} ${stateOf(node)}: ${withoutName(node)}`] as const,
    ),
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  return formatTable(rows).trimEnd().split('\n');
}

/** So that no line is broken into two, which nobody could draw over. */
function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}

function shortDigest(image: string | null): string {
  return /@sha256:([0-9a-f]{12})/u.exec(image ?? '')?.[1] ?? '-';
}
