import { compareText, IgnitionError, decodeResource } from '../ignition/index.ts';
import type { Config } from '../ignition/index.ts';

const DROPIN_FOLDER = '/etc/crio/crio.conf.d/';
/** Classes of operating systems that no longer have runc (contract §2.4). */
const WITHOUT_RUNC: ReadonlySet<string> = new Set(['rhel-10', 'centos-10']);
const ASSIGNMENT = /^([\w.'"-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/;

/**
 * The CRI-O drop-in that makes runc the default runtime on an operating system without runc, and what is wrong with it;
 * undefined if that does not happen. Of several drop-ins the last by name counts.
 *
 * @param streamClass what the label `io.openshift.os.streamclass` of the OS image says
 */
export function runcDropin(
  config: Config,
  streamClass: string | undefined,
): { readonly path: string; readonly reason: string } | undefined {
  if (streamClass === undefined || !WITHOUT_RUNC.has(streamClass)) return undefined;
  const dropins = (config.storage?.files ?? []).filter(({ path }) => isDropin(path));
  dropins.sort((left, right) => compareText(left.path, right.path));
  let found: { readonly path: string; readonly runtime: string } | undefined;
  for (const { path, contents } of dropins) {
    const runtime = contents === undefined ? undefined : readDefaultRuntime(decodeText(contents));
    if (runtime !== undefined) found = { path, runtime };
  }
  if (found?.runtime !== 'runc') return undefined;
  const reason = `it makes runc the default runtime, which ${streamClass} does not have; set default_runtime to "crun"`;
  return { path: found.path, reason };
}

function isDropin(path: string): boolean {
  return path.startsWith(DROPIN_FOLDER) && !path.slice(DROPIN_FOLDER.length).includes('/');
}

/** What a TOML text sets `crio.runtime.default_runtime` to, in a table or with a dotted key. */
function readDefaultRuntime(text: string): string | undefined {
  let table = '';
  let runtime: string | undefined;
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    const header = /^\[([^[\]]+)\]/.exec(trimmed)?.[1];
    if (header !== undefined) table = `${header.replaceAll(/[\s'"]/g, '')}.`;
    const [, key = '', basic, literal] = ASSIGNMENT.exec(trimmed) ?? [];
    if (table + key.replaceAll(/['"]/g, '') === 'crio.runtime.default_runtime') runtime = basic ?? literal;
  }
  return runtime;
}

/** Contents that cannot be decoded count as empty here; whoever writes the files reports them. */
function decodeText(contents: Parameters<typeof decodeResource>[0]): string {
  try {
    return Buffer.from(decodeResource(contents)).toString('utf8');
  } catch (error) {
    if (error instanceof IgnitionError) return '';
    throw error;
  }
}
