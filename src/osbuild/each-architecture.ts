import { OciError } from '../oci/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/** One architecture's part of an image for several. */
export interface ArchitectureTask<T> {
  /** As GOARCH names it. */
  readonly architecture: string;
  /** Tells line by line, and ends soon after its signal aborts. */
  readonly make: (say: (line: string) => void, signal: AbortSignal) => Promise<T>;
}

/**
 * Makes the parts of an image for several architectures at once, each on a machine of its own if need be, in the order of the tasks.
 * What is said names the architecture, and so does a failure. Where one fails the others go on to their end, so that the next try
 * finds what they made, unless there is no builder for one: then the image cannot come to be.
 *
 * @throws OsBuildError, OciError as the tasks do, with what is wrong with each
 */
export async function eachArchitecture<T>(
  tasks: readonly ArchitectureTask<T>[],
  { say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal },
): Promise<readonly T[]> {
  const [only, ...others] = tasks;
  if (only !== undefined && others.length === 0) return [await only.make(say, signal)];
  const hopeless = new AbortController();
  const until = AbortSignal.any([signal, hopeless.signal]);
  const failures: { readonly architecture: string; readonly error: unknown }[] = [];
  const made = await Promise.all(
    tasks.map(async ({ architecture, make }) => {
      try {
        return { part: await make((line) => say(`${architecture}: ${line}`), until) };
      } catch (error) {
        // What others throw because they were told to stop is no news.
        if (!hopeless.signal.aborted) failures.push({ architecture, error });
        if (error instanceof OsBuildError && error.code === 'no-builder') hopeless.abort('no builder');
        return undefined;
      }
    }),
  );
  const parts = made.flatMap((one) => (one === undefined ? [] : [one.part]));
  if (failures.length === 0 && parts.length === tasks.length) return parts;
  throw signal.aborted ? failures[0]?.error : namedError(failures);
}

/** The worst of them, with what all of them say: what a person has to change, before what passes. */
function namedError(
  failures: readonly { readonly architecture: string; readonly error: unknown }[],
): unknown {
  const unknown = failures.find(({ error }) => !(error instanceof OsBuildError || error instanceof OciError));
  const worst = unknown ?? failures.find(({ error }) => !isRetryable(error)) ?? failures[0];
  const error = worst?.error;
  const message = failures
    .map((one) => `for ${one.architecture}: ${one.error instanceof Error ? one.error.message : ''}`)
    .join('; ');
  if (error instanceof OsBuildError) {
    const { code, retryable, field } = error;
    return new OsBuildError(code, message, {
      cause: error,
      retryable,
      ...(field === undefined ? {} : { field }),
    });
  }
  if (error instanceof OciError) {
    const { code, retryable, registry } = error;
    return new OciError(code, message, {
      cause: error,
      retryable,
      ...(registry === undefined ? {} : { registry }),
    });
  }
  return error;
}

function isRetryable(error: unknown): boolean {
  return (error instanceof OsBuildError || error instanceof OciError) && error.retryable;
}
