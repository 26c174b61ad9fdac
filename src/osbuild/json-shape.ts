/** Checks of JSON values that somebody else may have written. */
export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

export function isListOf(value: unknown, isMember: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isMember);
}
