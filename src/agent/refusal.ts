import type { Deployment } from '../host/index.ts';
import type { HostView } from './host-view.ts';
import type { Situation } from './situation.ts';

/** Why a host may not be moved to an image at all (host-contract §10.1, 4); undefined when it may. */
export function refuseHost({ view, policy }: Situation): string | undefined {
  const { booted, readOnly } = view.status;
  if (readOnly) return 'The host runs from read-only media: install it on a disk first.';
  if (
    booted?.incompatible === true &&
    !view.abilities.carriesLocalChanges &&
    policy.localChanges === 'refuse'
  ) {
    return `What runs was changed on the host${changes(booted)}, and ${view.status.tool} would lose that: remove it with \`rpm-ostree reset\`, or have the host driven by rpm-ostree.`;
  }
  if (booted?.unlocked !== undefined && booted.unlocked !== 'none') {
    return `Somebody unlocked /usr of the host (${booted.unlocked}), and an update would hide what was changed there: reboot the host.`;
  }
  if (booted?.image === undefined && booted?.incompatible !== true && !policy.takeOver) {
    return `The host runs no container image but ${booted?.origin ?? 'something else'}, and the agent may not take it over.`;
  }
  return undefined;
}

/** Why what is staged may not be touched: it holds what somebody did on the host and meant to keep. */
export function refuseStaged({ view, policy }: Situation): string | undefined {
  const { booted, staged } = view.status;
  if (staged?.incompatible !== true || policy.localChanges === 'discard') return undefined;
  // Where the tool carries changes over, what it stages for us has those of what runs.
  if (booted?.incompatible === true && view.abilities.carriesLocalChanges) return undefined;
  return `Somebody changed the host for its next boot${changes(staged)}: drop that with \`rpm-ostree cleanup --pending\`.`;
}

function changes({ local }: Deployment): string {
  const names = [...(local?.installed ?? []), ...(local?.replaced ?? []), ...(local?.removed ?? [])];
  return names.length === 0 ? '' : ` (${names.join(', ').slice(0, 300)})`;
}

/** Who else may have staged something on the host, in a sentence that follows another (host-contract §9.6). */
export function otherDrivers({ competitors = [] }: HostView): string {
  if (competitors.length === 0) return '';
  return ` This host is also updated by ${competitors.join(', ')}: disable that with \`systemctl mask --now ${competitors.join(' ')}\`.`;
}
