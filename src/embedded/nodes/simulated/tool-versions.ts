/** Whether a release, as `1.15.2`, is at least another one. */
export function isSince(release: string, first: string): boolean {
  const parts = release.split('.').map(Number);
  for (const [index, wanted] of first.split('.').map(Number).entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
