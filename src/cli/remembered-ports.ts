import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from './cli-error.ts';

/** Kubeconfigs and objects name the ports, so that each start takes those of the last one. */
export interface Ports {
  /** 0: any free one. */
  readonly api: number;
  readonly registry: number;
}

const FILE = 'ports.json';

/** The ports of the last start in this directory. */
export async function readPorts(directory: string): Promise<Ports> {
  try {
    const { api, registry } = JSON.parse(await readFile(join(directory, FILE), 'utf8')) as Partial<Ports>;
    return { api: portOr0(api), registry: portOr0(registry) };
  } catch {
    // None yet, or nothing that was ever written there: any free ones will do.
    return { api: 0, registry: 0 };
  }
}

/** @throws CliError `input`: without the ports, the next start would make every kubeconfig void */
export async function writePorts(directory: string, ports: Ports): Promise<void> {
  const path = join(directory, FILE);
  try {
    await writeFile(`${path}.new`, `${JSON.stringify(ports)}\n`);
    await rename(`${path}.new`, path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('input', `cannot write ${path}: ${why}; make room or mend that and start again`, {
      cause,
    });
  }
}

function portOr0(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535 ? value : 0;
}
