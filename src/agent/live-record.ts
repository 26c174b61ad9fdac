import type { DisruptionAction, DisruptionEnd } from '../machineconfig/index.ts';
import { type Deployment, isImage } from '../host/index.ts';
import { isJsonObject } from '../schema/index.ts';
import type { HostView } from './host-view.ts';
import type { Journal } from './journal.ts';

/**
 * Paths below /etc that the agent wrote on a running host or is about to, each with all that it may have put there, as
 * `signatureAt` tells it: whatever else is there is a person's.
 */
export type LiveFiles = Readonly<Record<string, readonly string[]>>;

/** An image that the host is brought to without a reboot. */
export interface LiveImage extends DisruptionEnd {
  readonly digest: string;
  /** What all of it costs, from the image that is booted. */
  readonly actions: readonly DisruptionAction[];
  /** What of the configuration differs from the image that is booted, as `DisruptionNote.items`. */
  readonly items: readonly string[];
}

/** What the agent did to the /etc of one deployment while it ran. */
export interface LiveRecord {
  readonly files: LiveFiles;
  /** What the host is like since, as long as this boot lasts. */
  readonly satisfies: (LiveImage & { readonly bootId: string }) | undefined;
  /** What it is being brought to. `refused`: it takes a reboot, for this reason. */
  readonly change:
    | (LiveImage & {
        readonly state: 'planned' | 'applying' | 'refused';
        /** What it costs from what the host is like. */
        readonly run: readonly DisruptionAction[];
        /** What is to be written, the last of each path's signatures being what it is to become. */
        readonly files: LiveFiles;
        readonly reason: string | undefined;
      })
    | undefined;
  /** The boot in which /etc was put back for a reboot: what runs was told nothing of it. */
  readonly restored: string | undefined;
  /** The deployment that was booted after this one, and in whose /etc nothing is left of it. */
  readonly swept: string | undefined;
}

const NO_RECORD: LiveRecord = {
  files: {},
  satisfies: undefined,
  change: undefined,
  restored: undefined,
  swept: undefined,
};

/** The name of a deployment in a journal; undefined for one that no change is made to. */
export function deploymentName(deployment: Deployment | undefined): string | undefined {
  if (deployment?.checksum === undefined || deployment.serial === undefined || deployment.composefs)
    return undefined;
  return `${deployment.checksum}.${deployment.serial}`;
}

/** What was done to the deployment that runs. */
export function liveRecord(journal: Journal, { status }: HostView): LiveRecord {
  const name = deploymentName(status.booted);
  return (name === undefined ? undefined : journal.live[name]) ?? NO_RECORD;
}

/** The journal with another record for the deployment that runs. */
export function withLiveRecord(journal: Journal, name: string, more: Partial<LiveRecord>): Journal {
  const record = { ...NO_RECORD, ...journal.live[name], ...more };
  return { ...journal, live: { ...journal.live, [name]: record } };
}

/** What the host is like although another image is booted; undefined when it is like the one that is booted, or in between. */
export function satisfied(journal: Journal, view: HostView): LiveImage | undefined {
  const { satisfies } = liveRecord(journal, view);
  return satisfies?.bootId === view.bootId ? satisfies : undefined;
}

/** Whether the host is in between: its /etc is being written. */
export function isBetween(journal: Journal, view: HostView): boolean {
  return liveRecord(journal, view).change?.state === 'applying';
}

/** Whether /etc and all that runs are as a boot of the booted image leaves them. */
export function isUntouched(journal: Journal, view: HostView): boolean {
  const { files, restored } = liveRecord(journal, view);
  return Object.keys(files).length === 0 && restored !== view.bootId;
}

/**
 * The deployment whose image /etc is to be like: the staged one where the host was brought to it without a reboot. Undefined
 * while /etc is between two.
 */
export function referenceDeployment(journal: Journal, view: HostView): Deployment | undefined {
  const { booted, staged } = view.status;
  if (isBetween(journal, view)) return undefined;
  const image = satisfied(journal, view);
  if (image === undefined) return isUntouched(journal, view) ? booted : undefined;
  return isImage(staged, image.digest) ? staged : undefined;
}

/** Whether a member of a journal is such a record. */
export function isLiveRecord(value: unknown): value is LiveRecord {
  if (!isJsonObject(value)) return false;
  const { files, satisfies, change, restored, swept } = value;
  return (
    isLiveFiles(files) &&
    (satisfies === undefined || (isLiveImage(satisfies) && isText(satisfies['bootId']))) &&
    (change === undefined ||
      (isLiveImage(change) &&
        areActions(change['run']) &&
        ['planned', 'applying', 'refused'].some((state) => state === change['state']) &&
        isLiveFiles(change['files']) &&
        (change['reason'] === undefined || isText(change['reason'])))) &&
    [restored, swept].every((text) => text === undefined || isText(text))
  );
}

function isLiveFiles(value: unknown): boolean {
  return (
    isJsonObject(value) && Object.values(value).every((list) => Array.isArray(list) && list.every(isText))
  );
}

function isLiveImage(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isJsonObject(value)) return false;
  const { digest, image, config, actions, items } = value;
  return (
    [digest, image, config].every(isText) &&
    Array.isArray(items) &&
    items.every(isText) &&
    areActions(actions)
  );
}

/** Whether a member of a journal is a list of such actions. */
export function areActions(value: unknown): boolean {
  return Array.isArray(value) && value.every((action) => isJsonObject(action) && isText(action['type']));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
