import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * What the system tests' `skip` option takes: false where the real tools are, otherwise why not and what to do about
 * it. Under CI nothing skips, so what is missing fails by its name.
 */
export function skipWithout(...tools: readonly string[]): string | false {
  const reason = whatIsMissing(tools);
  if (reason === undefined || process.env['CI'] === 'true') return false;
  return reason;
}

function whatIsMissing(tools: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    return 'needs root on Debian and real tools: run `sudo npm test` there, which installs them';
  }
  const missing = tools.filter((tool) => !onPath(tool));
  if (missing.length === 0) return undefined;
  return `needs ${missing.join(', ')}: run \`npm test\` as root, which installs the packages`;
}

function onPath(tool: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
