/** The last moment that can be written with four digits of a year. */
const END_OF_TIME = Date.UTC(9999, 11, 31, 23, 59, 59);

/** A time as Kubernetes' objects have it (metav1.Time): RFC 3339 in whole seconds, UTC; at the latest the end of 9999. */
export function formatTime(milliseconds: number): string {
  return `${new Date(Math.min(milliseconds, END_OF_TIME)).toISOString().slice(0, -'.000Z'.length)}Z`;
}
