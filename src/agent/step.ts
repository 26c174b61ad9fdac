import type { KernelArgumentChange } from '../host/index.ts';
import type { DisruptionAction } from '../machineconfig/index.ts';
import type { Journal } from './journal.ts';
import type { LiveFiles, LiveImage, LiveRecord } from './live-record.ts';
import type { ActiveRemedy } from './remedies.ts';

/**
 * What an agent does next, one thing at a time: it looks at host and Node again before it decides on another. `reason` is
 * one sentence for people. A `journal` is on disk before the act begins.
 */
export type Step =
  /** Nothing, until something changes. */
  | { readonly kind: 'rest'; readonly reason: string }
  /** Nothing before `until`, in milliseconds since 1970, unless something changes. */
  | { readonly kind: 'wait'; readonly reason: string; readonly until: number }
  /** Remember, and do nothing to the host. */
  | { readonly kind: 'record'; readonly reason: string; readonly journal: Journal }
  /** Pull an image without staging it. */
  | {
      readonly kind: 'fetch';
      readonly reason: string;
      readonly image: string;
      readonly digest: string;
      /** It is not wanted yet. */
      readonly ahead: boolean;
    }
  /** Pull and stage an image with its kernel arguments; the booted one too, if its arguments are not its own. */
  | {
      readonly kind: 'stage';
      readonly reason: string;
      readonly image: string;
      readonly digest: string;
      readonly locked: boolean;
      readonly kernelArguments: KernelArgumentChange;
      readonly journal: Journal;
    }
  /**
   * Look whether what is staged differs from what runs in nothing but these items of the configuration, all of which a running
   * host can take over (architecture D5). `files` is what was written into /etc before.
   */
  | {
      readonly kind: 'compare';
      readonly reason: string;
      /** The deployment that runs. */
      readonly deployment: string;
      /** What is remembered if that is so. */
      readonly change: Omit<NonNullable<LiveRecord['change']>, 'files'>;
      readonly items: readonly string[];
      readonly files: LiveFiles;
    }
  /** Bring the running host to what the staged image has of `files`, and do what the change costs. */
  | {
      readonly kind: 'apply';
      readonly reason: string;
      readonly deployment: string;
      readonly image: LiveImage;
      /** What is done when the files are there. */
      readonly run: readonly DisruptionAction[];
      /** What of it an attempt that failed has done: not again, unless something has to be written. */
      readonly ran?: readonly DisruptionAction[];
      readonly files: LiveFiles;
      /** What somebody changed on the node is replaced. */
      readonly heal: boolean;
      readonly journal: Journal;
    }
  /** Bring back what the running image has of `files`, where it still is what was written there, and do what that costs. */
  | {
      readonly kind: 'restore';
      readonly reason: string;
      /** The deployment that runs. */
      readonly deployment: string;
      readonly files: LiveFiles;
      readonly actions: readonly DisruptionAction[];
      readonly items: readonly string[];
    }
  /** As `restore`, of what an earlier deployment left behind in the /etc of the one that runs. */
  | {
      readonly kind: 'sweep';
      readonly reason: string;
      readonly deployment: string;
      readonly files: LiveFiles;
      /** For what had to be put right, if anything had. */
      readonly actions: readonly DisruptionAction[];
      readonly items: readonly string[];
    }
  /** Drop what is staged: `dropped` names it. */
  | { readonly kind: 'unstage'; readonly reason: string; readonly dropped: string }
  | { readonly kind: 'lock'; readonly reason: string; readonly digest: string }
  | { readonly kind: 'unlock'; readonly reason: string; readonly image: string; readonly digest: string }
  /** Keep a deployment, by its commit, whatever is staged later; and no longer. */
  | { readonly kind: 'pin'; readonly reason: string; readonly checksum: string; readonly journal: Journal }
  | { readonly kind: 'unpin'; readonly reason: string; readonly checksum: string }
  /** Do what may help a step that failed. */
  | {
      readonly kind: 'remedy';
      readonly reason: string;
      readonly remedy: ActiveRemedy;
      /** For `clean-up`: the rollback deployment may go as well. */
      readonly dropRollback: boolean;
      readonly journal?: Journal;
    }
  /** Reboot into what is staged and unlocked, or finalized. */
  | {
      readonly kind: 'reboot';
      readonly reason: string;
      readonly image: string;
      readonly digest: string;
      /** Of the user space alone, if the host can. */
      readonly soft: boolean;
      readonly journal: Journal;
    };

/** A step that changes the host, and so can fail. */
export type Act = Exclude<Step, { readonly kind: 'rest' | 'wait' | 'record' | 'remedy' }>;

/** Names a step: one that comes twice in a row had no effect the first time. */
export function stepKey(step: Act): string {
  switch (step.kind) {
    case 'unstage':
      return `unstage ${step.dropped}`;
    case 'pin':
    case 'unpin':
      return `${step.kind} ${step.checksum}`;
    case 'stage':
      // Staging again for the kernel arguments, or with another lock, is another step.
      return `stage ${step.digest} ${step.locked ? 'locked' : 'unlocked'} ${JSON.stringify(step.kernelArguments)}`;
    case 'restore':
      return `restore ${step.deployment} ${JSON.stringify(step.actions)}`;
    case 'sweep':
      return `sweep ${step.deployment}`;
    case 'compare':
      return `compare ${step.change.digest} ${JSON.stringify(step.items)}`;
    case 'apply':
      return `apply ${step.image.digest}`;
    case 'fetch':
    case 'lock':
    case 'unlock':
    case 'reboot':
      return `${step.kind} ${step.digest}`;
  }
}
