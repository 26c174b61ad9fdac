/** A release of a host tool: `1.16.9`, `2022.7`, `252`. */
export type ToolVersion = readonly number[];

/**
 * Finds the version in what a tool prints: `bootc 1.16.9`, `systemd 252 (252.38-1)`, or the YAML that ostree and
 * rpm-ostree print, whose first `Version` it is.
 */
export function parseToolVersion(text: string): ToolVersion | undefined {
  const found = /^(?:\s*Version: '?|[a-z-]+ (?:version )?)v?(\d+(?:\.\d+)*)/m.exec(text)?.[1];
  return found?.split('.').map(Number);
}

/** Whether a version is at least another; what one of them does not say is 0. */
export function isAtLeast(version: ToolVersion | undefined, least: ToolVersion): boolean {
  if (version === undefined) return false;
  for (const [index, wanted] of least.entries()) {
    const part = version[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

export function formatToolVersion(version: ToolVersion): string {
  return version.join('.');
}
