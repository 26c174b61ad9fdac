import { buildStateWord, type BuildSummary, type ClusterSummary } from './cluster-summary.ts';
import { formatTable } from './output.ts';
import { withoutOutput } from '../osbuild/index.ts';
import { formatAge, type PoolSummary } from './pool-summary.ts';

/** Builds that are shown; `-o json` has all. */
const MOST_BUILDS = 12;

/** A summary for people. @param now milliseconds since 1970 */
export function statusText({ pools, builds, problems }: ClusterSummary, now: number): string {
  if (pools.length === 0) {
    return 'There are no MachineConfigPools; kubectl apply -f examples/pool-layered.yaml makes one.\n';
  }
  const sections = [poolsText(pools)];
  if (builds.length > 0) sections.push(buildsText(builds, now));
  const unsaid = problems.filter(
    ({ message }) => !pools.some((pool) => pool.message.includes(withoutOutput(message))),
  );
  if (unsaid.length > 0) {
    const lines = unsaid.map(({ kind, name, type, message, since }) => {
      const age = since === null ? '' : ` for ${formatAge(now - Date.parse(since))}`;
      return `${kind} ${name} is ${type}${age}: ${message.replaceAll('\n', '\n    ')}\n`;
    });
    sections.push(`PROBLEMS\n${lines.join('')}`);
  }
  return sections.join('\n');
}

/** Under the line of each pool its sentence, which is longer than any column. */
function poolsText(pools: readonly PoolSummary[]): string {
  const rows = pools.map(({ name, state, configuration, imageMode, build, image, nodes }) => [
    name,
    state,
    configuration.desired ?? '-',
    imageMode ? (build === null ? 'no build' : buildStateWord(build.state)) : 'off',
    shortDigest(image),
    `${nodes.updated}/${nodes.total}`,
  ]);
  const [header = '', ...lines] = formatTable([
    ['POOL', 'STATE', 'CONFIGURATION', 'IMAGE BUILD', 'IMAGE', 'NODES UPDATED'],
    ...rows,
  ])
    .trimEnd()
    .split('\n');
  return `${header}\n${lines.map((line, at) => `${line}\n    ${pools[at]?.message ?? ''}\n`).join('')}`;
}

function buildsText(builds: readonly BuildSummary[], now: number): string {
  const shown = builds.slice(0, MOST_BUILDS);
  const table = formatTable([
    ['BUILD', 'POOL', 'STATE', 'AGE', 'TOOK', 'IMAGE OR REASON'],
    ...shown.map(({ name, pool, state, inForce, created, seconds, image, reason }) => [
      `${inForce ? '* ' : '  '}${name}`,
      pool,
      buildStateWord(state),
      created === null ? '-' : formatAge(now - Date.parse(created)),
      seconds === null ? '-' : formatAge(seconds * 1000),
      reason ?? shortDigest(image),
    ]),
  ]);
  const more = builds.length - shown.length;
  const rest = more > 0 ? `  and ${more} older; --output json has all\n` : '';
  return `${table}${rest}  * is what the nodes of its pool get, or wait for\n`;
}

/** Twelve digits tell images apart; `varve image inspect` wants all, which `-o json` has. */
function shortDigest(image: string | null): string {
  const digest = image === null ? undefined : /@sha256:([0-9a-f]{12})/u.exec(image)?.[1];
  return digest ?? '-';
}
