import { progressWord, type ClusterPicture, type NodePicture } from './cluster-picture.ts';
import { buildStateWord } from './cluster-summary.ts';
import { formatTable } from './output.ts';
import { withoutOutput } from '../osbuild/index.ts';
import { formatAge } from './pool-summary.ts';

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
          return [
            name,
            pool,
            buildStateWord(state),
            since === null ? '-' : formatAge(now - Date.parse(since)),
          ];
        }),
      ]),
    );
  }
  if (nodes.length > 0) {
    lines.push('', ...nodeLines(nodes, rows - lines.length - 2));
  }
  return lines.slice(0, Math.max(1, rows - 1)).map((line) => cut(shortened(line), columns));
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
function stateOf(node: NodePicture): string {
  const { progress, reason } = node;
  if (progress !== 'updating') return progressWord(node);
  return reason.replaceAll(/(?<=.)([A-Z])/gu, ' $1').toLowerCase();
}

function withoutName(node: NodePicture): string {
  return node.message.replace(`Node ${node.name} `, '');
}

/**
 * What has come about between two pictures, a line each: for where nothing can be drawn over. A node that goes on waiting, and a
 * pool that goes on updating, has no news in every step of another node.
 *
 * @param before undefined: nothing was said yet
 */
export function changeLines(before: ClusterPicture | undefined, after: ClusterPicture): readonly string[] {
  const old = new Map(before === undefined ? [] : newsOf(before).map(({ about, state }) => [about, state]));
  return newsOf(after)
    .filter(({ about, state }) => old.get(about) !== state)
    .map(({ line }) => line);
}

interface News {
  readonly about: string;
  /** What has to be another for it to be news. */
  readonly state: string;
  readonly line: string;
}

function newsOf({ pools, builds, nodes }: ClusterPicture): readonly News[] {
  return [
    ...pools.map((pool): News => {
      const { name, state, message, image } = pool;
      const detail = state === 'updating' ? pool.nodes.updated : state === 'waiting' ? '' : message;
      return {
        about: `pool ${name}`,
        state: `${state} ${image ?? ''} ${detail}`,
        line: `pool ${name} ${state}: ${message}`,
      };
    }),
    ...builds.map(({ name, pool, state, image, message }): News => {
      const detail = state === 'succeeded' ? image : message === null ? null : withoutOutput(message);
      return {
        about: `build ${name}`,
        state,
        line: `build ${name} of pool ${pool} ${buildStateWord(state)}${detail === null ? '' : `: ${detail}`}`,
      };
    }),
    ...nodes.map((node): News => {
      const { name, progress, reason, message, drain } = node;
      return {
        about: `node ${name}`,
        state: [progress, reason, drain, progress === 'stuck' ? message : ''].join(' '),
        line: `node ${name} ${stateOf(node)}: ${withoutName(node)}`,
      };
    }),
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  return formatTable(rows).trimEnd().split('\n');
}

/** Hashes and digests by their first digits: a line is short, and `varve why` has all of them. */
function shortened(line: string): string {
  return line.replaceAll(/([0-9a-f]{8})[0-9a-f]{24,56}/gu, '$1…');
}

/** So that no line is broken into two, which nobody could draw over. */
function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}

function shortDigest(image: string | null): string {
  return /@sha256:([0-9a-f]{12})/u.exec(image ?? '')?.[1] ?? '-';
}
