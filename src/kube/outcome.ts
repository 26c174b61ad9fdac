/** How a reconciliation ended. Nothing else can be meant. */
export type Outcome =
  | { readonly kind: 'done' }
  /** All is as it should be, and has to be looked at again after so many milliseconds. */
  | { readonly kind: 'requeue-after'; readonly milliseconds: number }
  /** Something else has to happen first. A change to what is watched brings the key back, or this time at the latest. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly milliseconds: number }
  /** A person has to change something; until then there is nothing to try. */
  | { readonly kind: 'stalled'; readonly reason: string }
  /** May succeed later: tried again, later each time. */
  | { readonly kind: 'failed'; readonly error: unknown };

export type OutcomeKind = Outcome['kind'];

/** In the order of the type. */
export const OUTCOME_KINDS: readonly OutcomeKind[] = [
  'done',
  'requeue-after',
  'waiting',
  'stalled',
  'failed',
];

/** How long a wait that nothing ends lasts; every watch may miss what is not in the API. */
const LONGEST_WAIT = 60_000;

export const outcomes: {
  readonly done: Outcome;
  requeueAfter(milliseconds: number): Outcome;
  waiting(reason: string, milliseconds?: number): Outcome;
  stalled(reason: string): Outcome;
  failed(error: unknown): Outcome;
} = {
  done: { kind: 'done' },
  requeueAfter: (milliseconds) => ({ kind: 'requeue-after', milliseconds }),
  waiting: (reason, milliseconds = LONGEST_WAIT) => ({ kind: 'waiting', reason, milliseconds }),
  stalled: (reason) => ({ kind: 'stalled', reason }),
  failed: (error) => ({ kind: 'failed', error }),
};
