import { type Deployment, isImage, pinnedDigest } from '../host/index.ts';
import { OciError, parseReference } from '../oci/index.ts';
import type { HostView } from './host-view.ts';
import type { Journal, Settled } from './journal.ts';
import type { NodeWishes } from './node-wishes.ts';

/** What a host is to run. */
export type Target =
  /** Nobody said anything: the host is left alone. */
  | { readonly kind: 'none' }
  | { readonly kind: 'image'; readonly config: string; readonly image: string; readonly digest: string }
  /** No image of Varve's: what the one that runs was made from. */
  | { readonly kind: 'base'; readonly config: string; readonly image: string; readonly digest: string }
  /** No image of Varve's, and none runs. */
  | { readonly kind: 'at-base'; readonly config: string }
  | { readonly kind: 'invalid'; readonly config: string; readonly reason: string };

/** A target with an image. */
export type ImageTarget = Extract<Target, { readonly kind: 'image' | 'base' }>;

/** What the host is to run, from what its Node says and what runs. */
export function targetOf(node: NodeWishes, journal: Journal, view: HostView): Target {
  const { desiredConfig: config, desiredImage } = node;
  if (config === undefined) return { kind: 'none' };
  if (desiredImage !== undefined) {
    const read = readPinned(desiredImage);
    if (typeof read === 'object') return { kind: 'image', config, image: desiredImage, digest: read.digest };
    return { kind: 'invalid', config, reason: `The Node's annotation desiredImage is unusable: ${read}.` };
  }
  const { booted } = view.status;
  if (!isOurs(booted, node, journal, view)) return { kind: 'at-base', config };
  const base = view.image.base ?? (journal.adopted?.kind === 'base' ? journal.adopted.image : undefined);
  const read = base === undefined ? undefined : readPinned(base);
  if (base !== undefined && typeof read === 'object')
    return { kind: 'base', config, image: base, digest: read.digest };
  return {
    kind: 'invalid',
    config,
    reason:
      'The node is to leave image mode, but neither its image nor its journal says which image it would run without: set the annotation desiredImage to that image.',
  };
}

/** The image of a deployment by its digest, whatever name it follows; undefined when it runs none. */
export function pinnedName(deployment: Deployment | undefined): string | undefined {
  if (deployment?.image === undefined) return undefined;
  const { reference, digest } = deployment.image;
  return digest === undefined || pinnedDigest(reference) !== undefined
    ? reference.name
    : `${reference.name}@${digest}`;
}

/** What was verified of a deployment before, if anything was. */
export function settledAs(deployment: Deployment | undefined, journal: Journal): Settled | undefined {
  return journal.history.find((settled) => isSettled(deployment, settled));
}

/** Whether it is this very deployment of the image; on a host without commits, the image. */
export function isSettled(deployment: Deployment | undefined, settled: Settled): boolean {
  if (deployment === undefined) return false;
  if (deployment.checksum !== undefined && settled.checksum !== undefined) {
    return deployment.checksum === settled.checksum;
  }
  return settled.digest !== undefined && isImage(deployment, settled.digest);
}

/** Whether the host is known to work with a deployment. */
export function isKnownGood(deployment: Deployment | undefined, journal: Journal): boolean {
  const { adopted } = journal;
  return (
    settledAs(deployment, journal) !== undefined || (adopted !== undefined && isSettled(deployment, adopted))
  );
}

/** Whether an image of Varve's runs: it says so itself, or the Node or the journal do. */
function isOurs(booted: Deployment | undefined, node: NodeWishes, journal: Journal, view: HostView): boolean {
  if (view.image.config !== undefined) return true;
  const settled = settledAs(booted, journal);
  if (settled !== undefined) return settled.kind === 'image';
  const read = node.currentImage === undefined ? undefined : readPinned(node.currentImage);
  return typeof read === 'object' && isImage(booted, read.digest);
}

/** The digest that a reference is pinned to, or what is wrong with it. */
export function readPinned(image: string): { readonly digest: string } | string {
  try {
    const { digest } = parseReference(image);
    return digest === undefined ? 'it names no digest; write HOST/REPOSITORY@sha256:…' : { digest };
  } catch (error) {
    if (error instanceof OciError) return error.message;
    throw error;
  }
}
