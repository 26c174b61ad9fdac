import { isDeepStrictEqual } from 'node:util';
import { type Deployment, isImage } from '../host/index.ts';
import {
  combineDisruptions,
  type DisruptionAction,
  type DisruptionNote,
  readDisruptionNote,
} from '../machineconfig/index.ts';
import { isAsWanted } from './host-view.ts';
import {
  deploymentName,
  isBetween,
  isUntouched,
  type LiveImage,
  type LiveRecord,
  liveRecord,
  satisfied,
  withLiveRecord,
} from './live-record.ts';
import { attemptOf } from './journal.ts';
import { isDrained } from './node-wishes.ts';
import { needsDrain, type Plan, type Situation, stuck } from './situation.ts';
import { type ImageTarget, settledAs } from './target.ts';

/**
 * The way to a staged image without a reboot (architecture D5): it is compared with what runs, /etc and what it names are
 * brought to it, and what that costs is done. Undefined where there is none, and the image is rebooted into.
 */
export function liveWay(situation: Situation, target: ImageTarget, staged: Deployment): Plan | undefined {
  const { journal, view, node } = situation;
  const name = deploymentName(view.status.booted);
  if (name === undefined || staged.checksum === undefined || !isAsWanted(view.kernelArguments.staged))
    return undefined;
  const { digest } = target;
  const { change, files } = liveRecord(journal, view);
  const begun = change?.digest === digest ? change : undefined;
  // What was begun is gone on with, whatever has become of the note.
  const way = begun?.state === 'applying' ? begun : openWay(situation, target);
  if (way === undefined) return undefined;
  const { run, items, image } = way;
  const known = isDeepStrictEqual(begun?.items, items) ? begun : undefined;
  if (known?.state === 'refused') return undefined;
  if (known === undefined) {
    const reason = `The change to ${image} may need no reboot: it is compared with what runs.`;
    const planned = { ...way, state: 'planned', reason: undefined } as const;
    return {
      step: { kind: 'compare', reason, deployment: name, change: planned, items, files },
      phase: 'preparing',
    };
  }
  const drains = run.some(({ type }) => type === 'Drain') && needsDrain(situation);
  if (drains && !isDrained(node, target.config)) {
    const reason = 'Waits for the node to be drained, as the disruption policy has it; it is not rebooted.';
    return { step: { kind: 'rest', reason }, phase: 'draining', drain: 'drain' };
  }
  const reason = `The host is brought to ${image} without a reboot: ${describeActions(run)}.`;
  const record = withLiveRecord(journal, name, {
    change: { ...known, ...way, state: 'applying' },
    files: known.files,
    satisfies: undefined,
    restored: undefined,
  });
  const live = { digest, image, config: way.config, actions: way.actions, items };
  const heal = node.driftPolicy === 'Heal';
  return {
    step: {
      kind: 'apply',
      reason,
      deployment: name,
      image: live,
      run,
      files: known.files,
      heal,
      journal: record,
    },
    phase: 'applying',
    live: run,
  };
}

/** Whether an image that is staged next may turn out to need no reboot. */
export function mayGoLive(situation: Situation, target: ImageTarget): boolean {
  const { journal, view } = situation;
  const { change } = liveRecord(journal, view);
  if (deploymentName(view.status.booted) === undefined) return false;
  const begun = change?.digest === target.digest ? change.state : undefined;
  return begun === 'applying' || (begun !== 'refused' && openWay(situation, target) !== undefined);
}

/** An image, and what the way there costs from what the host is like. */
type Way = LiveImage & { readonly run: readonly DisruptionAction[] };

/**
 * What the note says that the change costs, if there is one about just this change of just this host; or what it cost already, if
 * it was made before the host went down.
 */
function openWay(situation: Situation, target: ImageTarget): Way | undefined {
  const { journal, view } = situation;
  const { satisfies } = liveRecord(journal, view);
  const { image, config, digest } = target;
  if (satisfies?.digest === digest && satisfies.image === image && satisfies.config === config) {
    const { actions, items } = satisfies;
    return { image, config, digest, actions, items, run: actions };
  }
  const note = noteFor(situation, target);
  if (note === undefined) return undefined;
  // The running image is what the next one is compared with, and what was changed since is part of the change.
  const actions = combineDisruptions([satisfies?.actions ?? [], note.actions]);
  const items = [...new Set([...(satisfies?.items ?? []), ...note.items])];
  return { image, config, digest, actions, items, run: note.actions };
}

function noteFor({ node, journal, view }: Situation, target: ImageTarget): DisruptionNote | undefined {
  const note = readDisruptionNote(node.disruption);
  if (note === undefined || target.kind !== 'image') return undefined;
  if (note.to.image !== target.image || note.to.config !== target.config) return undefined;
  const from = verified(journal, view);
  return from !== undefined && note.from.image === from.image && note.from.config === from.config
    ? note
    : undefined;
}

/** The image that the host is known to be like; undefined while that is not sure. */
function verified(
  journal: Situation['journal'],
  view: Situation['view'],
): { readonly image: string | undefined; readonly config: string | undefined } | undefined {
  const now = satisfied(journal, view);
  if (now !== undefined) return now;
  if (!isUntouched(journal, view) || isBetween(journal, view)) return undefined;
  return settledAs(view.status.booted, journal);
}

/** A host that was brought to what it is to run: what is staged takes over at its next boot, and nothing else may. */
export function whileSatisfied(situation: Situation, target: ImageTarget, live: LiveImage): Plan | undefined {
  const { view, journal } = situation;
  const { staged } = view.status;
  const { digest, image, config } = target;
  const common = { phase: 'resuming', live: live.actions } as const;
  const { halted } = attemptOf(journal, digest);
  if (staged === undefined && halted !== undefined) {
    const reason = `The host is like ${image}, but cannot have it boot next: ${halted}. Another desiredImage, or a new value of varve.dev/retry, has it tried again.`;
    return { ...stuck('resuming', reason), live: live.actions };
  }
  if (staged === undefined) {
    const reason = `The host is like ${image}, which is to run after its next boot.`;
    const kernelArguments = { append: [], remove: [] };
    return {
      step: { kind: 'stage', reason, image, digest, locked: false, kernelArguments, journal },
      ...common,
    };
  }
  if (!isImage(staged, digest)) return undefined;
  if (staged.locked) {
    const reason = `The host is like ${image}: it may boot it.`;
    return { step: { kind: 'unlock', reason, image, digest }, ...common };
  }
  const name = deploymentName(view.status.booted);
  const record = liveRecord(journal, view).satisfies;
  if (name !== undefined && record !== undefined && (live.image !== image || live.config !== config)) {
    const satisfies = { ...record, image, config };
    const reason = `The host is like ${image}, by another name.`;
    return {
      step: { kind: 'record', reason, journal: withLiveRecord(journal, name, { satisfies }) },
      ...common,
    };
  }
  return undefined;
}

/**
 * The way back to the image that is booted, from one that the host was brought to since: what was written is taken back, for
 * what the change had cost. Undefined when there is nothing to take back.
 */
export function wayBack(situation: Situation, target: ImageTarget): Plan | undefined {
  const { journal, view, node, now } = situation;
  const name = deploymentName(view.status.booted);
  if (name === undefined || isUntouched(journal, view)) return undefined;
  const { files } = liveRecord(journal, view);
  const isWritten = Object.keys(files).length > 0;
  const drained = !needsDrain(situation) || isDrained(node, target.config);
  const live = satisfied(journal, view);
  const note = live === undefined ? undefined : noteFor(situation, target);
  // What never came about, or did in another boot, costs what it would have cost.
  const { actions, items } =
    live === undefined ? combined([liveRecord(journal, view)]) : (note ?? { actions: undefined, items: [] });
  const { image, digest } = target;
  if (!isWritten || actions === undefined) {
    const reason = `Waits for the node to be drained: nothing says that the way back to ${image} needs no reboot.`;
    if (!drained) return { step: { kind: 'rest', reason }, phase: 'draining', drain: 'drain' };
    const restore = isWritten ? beforeBoot(situation) : undefined;
    if (restore !== undefined) return restore;
    const rebooting = { digest, bootId: view.bootId, at: now };
    const again = journal.rebooting?.digest === digest && journal.rebooting.bootId === view.bootId;
    return {
      step: {
        kind: 'reboot',
        reason: `The node reboots, to be as ${image} has it.`,
        image,
        digest,
        soft: false,
        journal: again ? journal : { ...journal, rebooting },
      },
      phase: 'rebooting',
      ...(needsDrain(situation) ? { drain: 'drain' as const } : {}),
    };
  }
  if (actions.some(({ type }) => type === 'Drain') && !drained) {
    const reason = 'Waits for the node to be drained, as the disruption policy has it; it is not rebooted.';
    return { step: { kind: 'rest', reason }, phase: 'draining', drain: 'drain' };
  }
  const reason = `The host is brought back to ${image} without a reboot: ${describeActions(actions)}.`;
  return {
    step: { kind: 'restore', reason, deployment: name, files, actions, items },
    phase: 'applying',
    live: actions,
  };
}

/**
 * What is put back before another image boots: ostree takes what differs from the booted image for a person's, and would
 * keep it in the /etc of every image to come (host-contract §3.3). Undefined when there is nothing.
 */
export function beforeBoot({ journal, view }: Situation): Plan | undefined {
  const name = deploymentName(view.status.booted);
  const { files } = liveRecord(journal, view);
  if (name === undefined || Object.keys(files).length === 0) return undefined;
  const reason = 'What was written into /etc without a reboot is taken back, as another image is to boot.';
  return {
    step: { kind: 'restore', reason, deployment: name, files, actions: [], items: [] },
    phase: 'applying',
  };
}

/**
 * What an earlier deployment's /etc was given may have come along into the one that runs, as changes of a person; what it
 * is not, is put right. Once for each boot into another deployment.
 */
export function sweep({ journal, view }: Situation): Plan | undefined {
  const name = deploymentName(view.status.booted);
  if (name === undefined) return undefined;
  const left = Object.entries(journal.live).filter(
    ([other, { files, swept }]) => other !== name && swept !== name && Object.keys(files).length > 0,
  );
  if (left.length === 0) return undefined;
  const files: Record<string, string[]> = {};
  for (const [, record] of left) {
    for (const [path, signatures] of Object.entries(record.files))
      files[path] = [...new Set([...(files[path] ?? []), ...signatures])];
  }
  const reason =
    'The host runs another image: nothing of what was written into /etc before may hide what it has.';
  return {
    step: { kind: 'sweep', reason, deployment: name, files, ...combined(left.map(([, record]) => record)) },
    phase: 'resuming',
  };
}

/** What all that was done to a deployment's /etc, or was begun, had cost. */
function combined(records: readonly LiveRecord[]): Pick<LiveImage, 'actions' | 'items'> {
  const images = records
    .flatMap(({ satisfies, change }) => [satisfies, change])
    .filter((one) => one !== undefined);
  return {
    actions: combineDisruptions(images.map(({ actions }) => actions)),
    items: [...new Set(images.flatMap(({ items }) => items))],
  };
}

/** In words: what is done on a running host. */
export function describeActions(actions: readonly DisruptionAction[]): string {
  const words = actions.map((action) => {
    switch (action.type) {
      case 'DaemonReload':
        return 'systemd reads its units anew';
      case 'Reload':
        return `${action.reload.serviceName} is reloaded`;
      case 'Restart':
        return `${action.restart.serviceName} is restarted`;
      case 'Special':
        return 'crio.service is reloaded';
      case 'Drain':
        return 'the node is drained';
      case 'Reboot':
        return 'the node is rebooted';
      case 'None':
        return 'nothing has to be told of it';
    }
  });
  return words.join(', ');
}
