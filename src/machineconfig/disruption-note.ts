import { isJsonObject } from '../schema/index.ts';
import type { DisruptionAction } from './disruption-policy.ts';

/** What a node runs, or is to run: a rendered MachineConfig, and the image that was made with it by its digest. */
export interface DisruptionEnd {
  readonly config: string;
  readonly image: string;
}

/**
 * The annotation `varve.dev/disruption` of a Node: what one change costs it. It is about the change from `from` to `to` and
 * no other, so one that is older or newer than the rest of the Node says nothing; what it does not say costs a reboot.
 */
export interface DisruptionNote {
  readonly from: DisruptionEnd;
  readonly to: DisruptionEnd;
  /** Never `Reboot`: a change that costs one has no note. */
  readonly actions: readonly DisruptionAction[];
  /** What changes, as `Disruption.items` names it: the images may differ in nothing else. */
  readonly items: readonly string[];
}

/** Bytes of a note: all annotations of a Node may have 256 KiB together, and every change of the Node carries them. */
const LARGEST = 16 * 1024;

/**
 * The text of a note; undefined where there is to be none: a change that costs a reboot, and one that touches too much to be
 * named there, which then costs a reboot as well. The same note has the same text.
 */
export function formatDisruptionNote({ from, to, actions, items }: DisruptionNote): string | undefined {
  if (actions.some(({ type }) => type === 'Reboot')) return undefined;
  const end = ({ config, image }: DisruptionEnd): DisruptionEnd => ({ config, image });
  const text = JSON.stringify({ from: end(from), to: end(to), actions, items });
  return Buffer.byteLength(text) > LARGEST ? undefined : text;
}

/** Reads a note. It never throws: what is absent, damaged, or has a member that this version does not know, is undefined. */
export function readDisruptionNote(text: string | undefined): DisruptionNote | undefined {
  if (text === undefined || text.length > LARGEST) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!hasOnly(value, ['from', 'to', 'actions', 'items'])) return undefined;
  const from = readEnd(value['from']);
  const to = readEnd(value['to']);
  const { actions, items } = value;
  if (from === undefined || to === undefined || !isTexts(items) || !Array.isArray(actions)) return undefined;
  const read = actions.map(readAction).filter((action) => action !== undefined);
  if (read.length === 0 || read.length < actions.length) return undefined;
  return { from, to, actions: read, items };
}

function readEnd(value: unknown): DisruptionEnd | undefined {
  if (!hasOnly(value, ['config', 'image'])) return undefined;
  const { config, image } = value;
  return isText(config) && isText(image) ? { config, image } : undefined;
}

function readAction(value: unknown): DisruptionAction | undefined {
  if (!isJsonObject(value)) return undefined;
  const { type } = value;
  switch (type) {
    case 'None':
    case 'DaemonReload':
    case 'Drain':
    case 'Special':
      return hasOnly(value, ['type']) ? { type } : undefined;
    case 'Reload': {
      const reload = hasOnly(value, ['type', 'reload']) ? readService(value['reload']) : undefined;
      return reload === undefined ? undefined : { type, reload };
    }
    case 'Restart': {
      const restart = hasOnly(value, ['type', 'restart']) ? readService(value['restart']) : undefined;
      return restart === undefined ? undefined : { type, restart };
    }
    default:
      return undefined;
  }
}

function readService(value: unknown): { readonly serviceName: string } | undefined {
  if (!hasOnly(value, ['serviceName'])) return undefined;
  const { serviceName } = value;
  return isText(serviceName) ? { serviceName } : undefined;
}

/** A member that is not known may change what the others mean. */
function hasOnly(value: unknown, members: readonly string[]): value is Readonly<Record<string, unknown>> {
  return isJsonObject(value) && Object.keys(value).every((key) => members.includes(key));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
