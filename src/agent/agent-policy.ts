/** What an agent may do on its host, and how long it tries. Times are milliseconds. */
export interface AgentPolicy {
  /** Whether a reboot waits for the node to be drained. */
  readonly drain: boolean;
  /** Reboots into the same image that failed for a reason that was seen, after which it is not tried again. */
  readonly failedActivations: number;
  /** The same for reboots after which the old image ran and nothing says why, as after a power cut. */
  readonly unexplainedActivations: number;
  /** Between a failed reboot and the next, doubling up to the second number. */
  readonly activationWait: readonly [first: number, most: number];
  /** How often something is tried again that only a person can mend: it cannot be seen from here that they did. */
  readonly recheck: number;
  /** What a host is moved away from: packages layered on it are kept where its tool can, refused, or lost. */
  readonly localChanges: 'refuse' | 'discard';
  /** Whether a host that runs no container image yet is taken over. */
  readonly takeOver: boolean;
  /** What to do when somebody else booted another image than the node had reached. */
  readonly manualChange: 'respect' | 'enforce';
  /** Whether the rollback deployment may be removed when the disk is full and the running image is verified. */
  readonly dropRollback: boolean;
}

export const DEFAULT_POLICY: AgentPolicy = {
  drain: true,
  failedActivations: 3,
  unexplainedActivations: 5,
  activationWait: [60_000, 600_000],
  recheck: 600_000,
  localChanges: 'refuse',
  takeOver: true,
  manualChange: 'respect',
  dropRollback: false,
};
