/** A time as Kubernetes' objects have it (metav1.Time): RFC 3339 in whole seconds, UTC. */
export function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, -'.000Z'.length)}Z`;
}
