import { parseValue, prune } from '../ignition/index.ts';
import { mergeKernelTypes } from './kernel-type.ts';
import { MachineConfigError } from './machineconfig-error.ts';
import { collectProvenance } from './provenance.ts';
import type { Rendered } from './render.ts';
import type { MachineConfig } from '../api/index.ts';
import type { Config } from '../ignition/index.ts';

/**
 * What {@link render} gave when it made a rendered MachineConfig, as far as that object still tells. Who contributed what it
 * does not: everything comes from the rendered MachineConfig itself. So the last good configuration of a pool stays of use
 * while its MachineConfigs cannot be rendered.
 *
 * @throws MachineConfigError `invalid-machine-config` if somebody has made it one that render() cannot have made
 */
export function renderedFrom(machineConfig: MachineConfig): Rendered {
  const { metadata, spec } = machineConfig;
  const config = parseConfig(machineConfig);
  return {
    name: metadata.name,
    machineConfig: {
      ...machineConfig,
      spec: {
        baseOSExtensionsContainerImage: spec.baseOSExtensionsContainerImage ?? '',
        config: prune(config),
        extensions: spec.extensions ?? [],
        fips: spec.fips === true,
        kernelArguments: spec.kernelArguments ?? [],
        kernelType: mergeKernelTypes([spec.kernelType]),
        osImageURL: spec.osImageURL ?? '',
      },
    },
    config,
    order: [metadata.name],
    sources: [metadata.name],
    provenance: collectProvenance([{ machineConfig, config }]),
    warnings: [],
  };
}

function parseConfig({ metadata, spec }: MachineConfig): Config {
  if (spec.config === undefined) return { ignition: { version: '3.5.0' } };
  const outcome = parseValue(spec.config);
  if (outcome.ok) return outcome.config;
  const message =
    outcome.report.entries.find(({ kind }) => kind === 'error')?.message ??
    outcome.reason ??
    'unknown reason';
  const field = 'spec.config';
  throw new MachineConfigError(
    'invalid-machine-config',
    `cannot use MachineConfig ${JSON.stringify(metadata.name)}: ${field}: not a valid Ignition config: ${message}`,
    {
      machineConfig: metadata.name,
      field,
      problems: [{ machineConfig: metadata.name, field, message }],
    },
  );
}
