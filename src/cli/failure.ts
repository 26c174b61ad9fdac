/**
 * What a person reads when a command fails: the sentence of an error that Varve raised itself (they all say whether a
 * retry can help), the whole trace of a defect.
 */
export function describeFailure(error: unknown): string {
  if (error instanceof Error && 'retryable' in error) return error.message;
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `a defect of varve, please report it: ${trace}`;
}
