import { failurePolicy } from '../host/index.ts';
import type { FailureClass } from '../host/index.ts';
import type { DisruptionAction } from '../machineconfig/index.ts';
import { type Journal, type Trouble, withAttempt } from './journal.ts';
import { type LiveFiles, withLiveRecord } from './live-record.ts';
import { isRemedy } from './remedies.ts';
import { retryOf } from './retry.ts';
import type { Plan, Situation } from './situation.ts';
import { type Act, type Step, stepKey } from './step.ts';
import { settledAs } from './target.ts';

/** How an act ended, as far as whoever did it can tell; only the host's status says whether it had an effect. */
export type ActOutcome =
  | {
      readonly result: 'done';
      /** Of `compare`: what is to be written, the last signature of each path being what it is to become. */
      readonly files?: LiveFiles;
    }
  /** Of `compare`: it takes a reboot, for this reason. */
  | { readonly result: 'refused'; readonly message: string }
  | {
      readonly result: 'failed';
      readonly class: FailureClass;
      readonly message: string;
      /** Of `apply`: the actions that were done before the one that failed, by this attempt or those before it. */
      readonly ran?: readonly DisruptionAction[];
    };

/** A host that could not be locked so often in a row is not asked to be again before its next boot. */
const LOCK_FAILURES = 2;

/** What the journal has to hold after an act. */
export function afterAct(
  journal: Journal,
  act: Act,
  outcome: ActOutcome,
  bootId: string,
  now: number,
): Journal {
  const key = stepKey(act);
  if (outcome.result === 'failed' && outcome.class !== 'nothing-to-do') {
    return withTrouble({ ...journal, did: undefined }, act.kind, key, outcome, bootId, now);
  }
  const after = { ...journal, did: { key, bootId } };
  if (act.kind === 'fetch') {
    const fetched = act.ahead
      ? { ...after, prefetched: act.digest }
      : withAttempt(after, act.digest, { fetched: true });
    return { ...fetched, did: undefined };
  }
  if (act.kind === 'unpin')
    return { ...after, pinned: after.pinned.filter((other) => other !== act.checksum), did: undefined };
  return afterLiveAct(after, act, outcome, bootId);
}

/** What a change without a reboot has come to. */
function afterLiveAct(journal: Journal, act: Act, outcome: ActOutcome, bootId: string): Journal {
  switch (act.kind) {
    case 'compare': {
      const isRefused = outcome.result === 'refused';
      const files = outcome.result === 'done' ? (outcome.files ?? {}) : {};
      const change = isRefused
        ? { ...act.change, files, state: 'refused' as const, reason: outcome.message }
        : { ...act.change, files };
      return withLiveRecord(journal, act.deployment, { change });
    }
    case 'apply': {
      const { deployment, image } = act;
      const files = Object.fromEntries(
        Object.entries(act.files).map(([path, signatures]) => [path, signatures.slice(-1)]),
      );
      return withLiveRecord(journal, deployment, {
        files,
        satisfies: { ...image, bootId },
        change: undefined,
        restored: undefined,
      });
    }
    case 'restore': {
      const restored = act.actions.length === 0 ? bootId : undefined;
      const none = { files: {}, satisfies: undefined, change: undefined };
      return withLiveRecord(journal, act.deployment, { ...none, restored });
    }
    case 'sweep': {
      const live = Object.entries(journal.live).map(([name, record]) =>
        name === act.deployment
          ? ([name, record] as const)
          : ([name, { ...record, swept: act.deployment }] as const),
      );
      return { ...journal, live: Object.fromEntries(live) };
    }
    default:
      return journal;
  }
}

/** What the journal has to hold after a remedy, whatever came of it: it is not worth a second try. */
export function afterRemedy(journal: Journal): Journal {
  const { trouble } = journal;
  return trouble === undefined ? journal : { ...journal, trouble: { ...trouble, remedied: true } };
}

/**
 * Holds a plan against what was tried before: a step that had no effect or failed is not done again at once, its remedy
 * comes first, and what can never succeed is given up.
 */
export function withPatience(plan: Plan, situation: Situation): Plan {
  const { journal, policy, view, now } = situation;
  const { step, ahead } = plan;
  const { trouble, did } = journal;
  if (!isAct(step)) return step.kind === 'record' ? plan : cleared(plan, journal);
  const key = stepKey(step);
  if (did?.key === key && did.bootId === view.bootId) {
    const outcome = {
      class: 'not-shown',
      message: `${step.kind} was reported to have succeeded, and the host shows nothing of it`,
    } as const;
    const record = withTrouble({ ...journal, did: undefined }, step.kind, key, outcome, view.bootId, now);
    return { ...plan, step: { kind: 'record', reason: `${outcome.message}.`, journal: record } };
  }
  if (trouble?.key !== key) return isSecuring(step) ? plan : cleared(plan, journal);
  const { at, degraded, hopeless } = retryOf(trouble, policy, now);
  const { remedy, advice } = failurePolicy(trouble.class);
  const reason = `${trouble.message}. To mend it: ${advice}.`;
  if (hopeless && (step.kind === 'stage' || step.kind === 'fetch')) {
    const record = withAttempt({ ...journal, trouble: undefined, did: undefined }, step.digest, {
      halted: trouble.message,
    });
    const given = { ...plan, step: { kind: 'record' as const, reason, journal: record } };
    return ahead === true ? given : { ...given, degraded: reason };
  }
  if (ahead === true) {
    // Nobody asked for it yet: what is the matter with it is told when somebody does.
    return at > now ? { ...plan, step: { kind: 'wait', reason: `${trouble.message}.`, until: at } } : plan;
  }
  const told = degraded ? { ...plan, degraded: reason } : plan;
  if (at > now) return { ...told, step: { kind: 'wait', reason: `${trouble.message}.`, until: at } };
  if (isRemedy(remedy) && !trouble.remedied) {
    const isSafe = settledAs(view.status.booted, journal) !== undefined;
    const dropRollback = policy.dropRollback && isSafe && trouble.count > 1;
    return { ...told, step: { kind: 'remedy', reason: `${trouble.message}.`, remedy, dropRollback } };
  }
  return knowing(told, trouble, view.bootId);
}

/**
 * A change without a reboot that failed at one of its actions goes on with that one: what a service was restarted for once it is not
 * restarted for again and again. While it is tried the journal says nothing of it, so that whoever is killed does all of it.
 */
function knowing(plan: Plan, { ran, ...trouble }: Trouble, bootId: string): Plan {
  const { step } = plan;
  if (step.kind !== 'apply' || ran === undefined || ran.bootId !== bootId) return plan;
  return { ...plan, step: { ...step, ran: ran.actions, journal: { ...step.journal, trouble } } };
}

/** What was tried last is over: it had its effect, or is no longer wanted. */
function cleared(plan: Plan, journal: Journal): Plan {
  if (journal.did === undefined && journal.trouble === undefined) return plan;
  const record = { ...journal, did: undefined, trouble: undefined };
  return { ...plan, step: { kind: 'record', reason: 'The last step is over.', journal: record } };
}

function withTrouble(
  journal: Journal,
  kind: Act['kind'],
  key: string,
  { class: failure, message, ran }: Omit<Extract<ActOutcome, { readonly result: 'failed' }>, 'result'>,
  bootId: string,
  now: number,
): Journal {
  const before = journal.trouble?.key === key ? journal.trouble : undefined;
  // Reasons may change from one attempt to the next; that it fails goes on.
  const count = (before?.count ?? 0) + 1;
  const since = Math.min(before?.since ?? now, now);
  const cannotLock = kind === 'lock' && count >= LOCK_FAILURES ? bootId : journal.cannotLock;
  return {
    ...journal,
    cannotLock,
    trouble: {
      key,
      class: failure,
      message,
      count,
      since,
      at: now,
      remedied: false,
      ...(ran === undefined ? {} : { ran: { bootId, actions: ran } }),
    },
  };
}

/** Whether it keeps something from booting, which nothing else may come before. */
export function isSecuring({ kind }: Step): boolean {
  return kind === 'lock' || kind === 'unstage';
}

function isAct(step: Step): step is Act {
  return step.kind !== 'rest' && step.kind !== 'wait' && step.kind !== 'record' && step.kind !== 'remedy';
}
