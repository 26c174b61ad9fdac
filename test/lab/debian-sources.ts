import { existsSync } from 'node:fs';
import { run } from './run.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** One-line apt entries for the Debian repositories that this machine's own apt uses, whatever mirrors those are. */
export async function debianSources(): Promise<string> {
  const targets = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT)',
    'Identifier: Packages',
    'Origin: Debian',
  ]);
  const lines = new Set(targets.stdout.split('\n').filter((line) => line !== ''));
  if (lines.size === 0) {
    throw new Error('cannot find a Debian repository in apt: run apt-get update first');
  }
  const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  return [...lines].map((line) => `deb ${signed}${line}\n`).join('');
}

/** The machine's apt settings that decide how a repository is reached (proxies, dates, TLS), as `--aptopt` values. */
export async function aptOptions(): Promise<readonly string[]> {
  const { stdout } = await run('apt-config', ['dump', '--no-empty', '--format', '%f "%v";%n', 'Acquire']);
  return stdout
    .split('\n')
    .filter((line) => /^Acquire::(?:https?::\S*(?:Proxy|Ca|Verify)|Check-|Retries|ForceIPv)/i.test(line));
}
