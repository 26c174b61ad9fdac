import { extensionProblem } from './extensions.ts';
import { checkIgnition } from './ignition-check.ts';
import { kernelTypeProblem } from './kernel-type.ts';
import type { Problem } from './machineconfig-error.ts';
import type { Contribution } from './provenance.ts';
import type { MachineConfig } from '../api/index.ts';

/** A MachineConfig with its parsed Ignition config, and what is wrong with it on its own. */
export interface CheckedMachineConfig extends Contribution {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * Checks one MachineConfig by every rule that needs no other one (contract §2.5).
 *
 * @param moreExtensions those that the installation adds
 */
export function checkMachineConfig(
  machineConfig: MachineConfig,
  moreExtensions: readonly string[] = [],
): CheckedMachineConfig {
  const { metadata, spec } = machineConfig;
  const ignition = spec.config === undefined ? undefined : checkIgnition(spec.config);
  const name = ({ field, message }: Problem): Problem => ({
    machineConfig: metadata.name,
    field: field ?? 'spec',
    message,
  });
  const problems = [
    ...checkKernelType(spec.kernelType ?? ''),
    ...checkExtensions(spec.extensions ?? [], moreExtensions),
  ];
  return {
    machineConfig,
    config: ignition?.config,
    problems: [...problems, ...(ignition?.problems ?? [])].map(name),
    warnings: (ignition?.warnings ?? []).map(name),
  };
}

function checkKernelType(kernelType: string): readonly Problem[] {
  const message = kernelTypeProblem(kernelType);
  return message === undefined ? [] : [{ field: 'spec.kernelType', message }];
}

function checkExtensions(extensions: readonly string[], more: readonly string[]): readonly Problem[] {
  return extensions.flatMap((extension, index) => {
    const message = extensionProblem(extension, more);
    return message === undefined ? [] : [{ field: `spec.extensions[${index}]`, message }];
  });
}
