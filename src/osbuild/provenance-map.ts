import { hash } from 'node:crypto';
import { isJsonObject } from '../schema/index.ts';
import { compareText } from '../ignition/index.ts';
import type { Digest } from '../oci/index.ts';
import type { Placement, Plane } from '../machineconfig/index.ts';
import { isListOf, isString } from './json-shape.ts';

/** Where the provenance map lies in every image that Varve makes. */
export const PROVENANCE_PATH = '/usr/lib/varve/provenance.json';

/** A path of the image that carries an item. */
export interface ProvenancePath {
  readonly path: string;
  /** Hex sha256 of the file's content; absent for links and directories. */
  readonly sha256?: string;
}

export interface ProvenanceItem {
  readonly item: string;
  readonly plane: Plane;
  readonly machineConfigs: readonly string[];
  readonly reason: string;
  readonly target?: string;
  readonly paths: readonly ProvenancePath[];
}

/** What an image was made from, item by item: path → MachineConfig, sha256. Holds no content of any item. */
export interface ProvenanceMap {
  readonly version: 1;
  readonly pool: string;
  readonly renderedConfig: string;
  readonly base: Digest;
  readonly kernelArguments: readonly string[];
  readonly items: readonly ProvenanceItem[];
}

/** The provenance map of a placement, in an order that depends on nothing but its items. */
export function provenanceMap(
  placement: Placement,
  made: { readonly pool: string; readonly renderedConfig: string; readonly base: Digest },
): ProvenanceMap {
  const sums = new Map<string, string>();
  for (const node of placement.nodes) {
    if (node.type === 'file') sums.set(node.path, hash('sha256', node.contents, 'hex'));
  }
  const items = placement.items.map(({ item, plane, machineConfigs, reason, target, paths }) => ({
    item,
    plane,
    machineConfigs,
    reason,
    ...(target === undefined ? {} : { target }),
    paths: paths.map((path) => {
      const sha256 = sums.get(path);
      return sha256 === undefined ? { path } : { path, sha256 };
    }),
  }));
  items.sort((a, b) => compareText(a.item, b.item) || compareText(a.target ?? '', b.target ?? ''));
  return { version: 1, ...made, kernelArguments: placement.kernelArguments, items };
}

/** Reads a provenance map; undefined when it is none, or one of another version. */
export function readProvenanceMap(contents: Uint8Array): ProvenanceMap | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(contents).toString('utf8'));
  } catch {
    return undefined;
  }
  return isJsonObject(value) && isProvenanceMap(value) ? (value as unknown as ProvenanceMap) : undefined;
}

function isProvenanceMap(value: Readonly<Record<string, unknown>>): boolean {
  const { version, pool, renderedConfig, base, kernelArguments, items } = value;
  return (
    version === 1 &&
    [pool, renderedConfig, base].every(isString) &&
    isListOf(kernelArguments, isString) &&
    isListOf(items, isItem)
  );
}

function isItem(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { item, plane, machineConfigs, reason, target, paths } = value;
  return (
    [item, plane, reason].every(isString) &&
    isListOf(machineConfigs, isString) &&
    (target === undefined || isString(target)) &&
    isListOf(paths, isPath)
  );
}

function isPath(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { path, sha256 } = value;
  return isString(path) && (sha256 === undefined || isString(sha256));
}
