/** A time as Leases and Events have it, `2026-01-01T00:00:00.000000Z`; plain seconds are refused. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
