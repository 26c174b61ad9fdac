import { STAGE_WORDS, stageOf } from './journey.ts';
import type { Member } from './member.ts';
import type { Pass } from './pass.ts';

/** Nodes that a sentence names. */
const NAMED = 3;

const TURN = 'gets its turn';

/**
 * Who has the places that `maxUnavailable` gives, and why, as the end of a sentence.
 *
 * @param granted nodes that get their turn in this very pass, of which their objects say nothing yet
 */
export function describePlaces(
  pass: Pass,
  places: ReadonlySet<string>,
  except: string,
  granted?: ReadonlySet<string>,
): string {
  const { policy, byName } = pass;
  const named: string[] = [];
  // They are in order already: of thousands only the first few are looked at.
  for (const name of places) {
    const member = byName.get(name);
    if (name === except || member === undefined) continue;
    named.push(`${name} (${granted?.has(name) === true ? TURN : describe(member)})`);
    if (named.length === NAMED) break;
  }
  const holders = places.size - (places.has(except) ? 1 : 0);
  const more = holders > NAMED ? ` and ${holders - NAMED} more` : '';
  const may = policy.maxUnavailable === 1 ? '1 node' : `${policy.maxUnavailable} nodes`;
  return `${may} may be out of service (spec.maxUnavailable), and ${named.join(', ')}${more} ${holders === 1 ? 'is' : 'are'}`;
}

function describe(member: Member): string {
  const { permit, isTold, isHealthy, cordon, isDegraded, isDone } = member;
  if (permit !== undefined && !isTold) return TURN;
  if (isDegraded) return 'degraded';
  const stage = stageOf(member);
  // It has its place, and serves until its drain begins.
  if (stage === 'Draining' && !member.isBegun) return 'to be drained';
  if (permit !== undefined || (!isDone && member.desired.config !== '')) return STAGE_WORDS[stage];
  if (!isHealthy) return 'not Ready';
  if (cordon === 'person') return 'cordoned by a person';
  return STAGE_WORDS[stage];
}
