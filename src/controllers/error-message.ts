/** What a thrown value says, for a log; of anything but an error, what it is as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
