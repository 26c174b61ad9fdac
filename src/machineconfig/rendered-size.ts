import { compareText } from '../ignition/index.ts';
import { configItems } from './config-items.ts';
import type { Problem } from './machineconfig-error.ts';
import type { Provenance } from './provenance.ts';
import type { MachineConfig } from '../api/index.ts';
import type { Config } from '../ignition/index.ts';

/** What an object of the API may have at most (contract §1.13). */
const MAX_MACHINE_CONFIG_BYTES = 1_572_864;
const WARNING_SHARE = 0.8;
const MAX_LISTED = 5;

/** How a rendered object stands to the limit: at most one of the two. */
export interface SizeFinding {
  readonly problem?: Problem;
  readonly warning?: string;
}

/** Measures a rendered MachineConfig as JSON and names its biggest parts if it is too large, or nearly so. */
export function checkSize(machineConfig: MachineConfig, config: Config, provenance: Provenance): SizeFinding {
  const bytes = Buffer.byteLength(JSON.stringify(machineConfig));
  if (bytes <= MAX_MACHINE_CONFIG_BYTES * WARNING_SHARE) return {};
  const parts = configItems(config).map(({ item, description, value }) => ({
    machineConfig: provenance.of(item).at(-1),
    description,
    bytes: Buffer.byteLength(JSON.stringify(value)),
  }));
  parts.sort((left, right) => right.bytes - left.bytes || compareText(left.description, right.description));
  const biggest = parts
    .slice(0, MAX_LISTED)
    .map(
      (part) =>
        `MachineConfig ${JSON.stringify(part.machineConfig ?? '')}: ${part.description}: ${part.bytes} bytes`,
    )
    .join('; ');
  if (bytes <= MAX_MACHINE_CONFIG_BYTES) {
    const share = Math.floor((bytes / MAX_MACHINE_CONFIG_BYTES) * 100);
    const limit = `${share} % of the ${MAX_MACHINE_CONFIG_BYTES} that the API accepts`;
    return {
      warning: `the rendered MachineConfig has ${bytes} bytes, ${limit}; the biggest parts are ${biggest}`,
    };
  }
  const remedy = 'put large files into the base image';
  return {
    problem: {
      message: `the rendered MachineConfig has ${bytes} bytes, the API accepts ${MAX_MACHINE_CONFIG_BYTES}; ${remedy}; the biggest parts are ${biggest}`,
    },
  };
}
