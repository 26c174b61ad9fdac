/** A record in which an optional member may also be present with the value undefined. */
type MaybeAbsent<T> = {
  readonly [K in keyof T]: Record<string, never> extends Pick<T, K> ? T[K] | undefined : T[K];
};

/** Leaves out the members that are undefined: what decoders read, in the form that the types promise. */
export function withoutAbsent<T extends object>(record: MaybeAbsent<T>): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
