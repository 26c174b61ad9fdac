import type { KernelArgumentChange } from '../host/index.ts';
import type { Journal } from './journal.ts';
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
  | { readonly kind: 'fetch'; readonly reason: string; readonly image: string; readonly digest: string }
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
    case 'fetch':
    case 'lock':
    case 'unlock':
    case 'reboot':
      return `${step.kind} ${step.digest}`;
  }
}
