/** How much of something is done. */
export interface Amount {
  readonly done: number;
  /** What was there before and need not be done. */
  readonly cached: number;
  /** Undefined when the tool does not know. */
  readonly total: number | undefined;
}

/** A step of a running update, from whichever tool. */
export interface ProgressEvent {
  /** `pulling`, `importing`, `staging`; a later release may have others. */
  readonly phase: string;
  /** For people. */
  readonly message: string;
  readonly bytes: Amount | undefined;
  /** Layers while pulling, steps of the tool's own otherwise. */
  readonly steps: Amount | undefined;
}

/** Sees what a running update does. It must not throw. */
export type ProgressListener = (event: ProgressEvent) => void;
