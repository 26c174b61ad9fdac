import { API_VERSION } from './api-version.ts';
import { readObjectMeta } from './object-meta.ts';
import { withoutAbsent } from './without-absent.ts';
import type { MachineConfig, MachineConfigSpec } from './definitions/machine-config.ts';
import type { ObjectReader } from './object-reader.ts';

/** Reads the body of a MachineConfig; notes what is wrong in the reader's problems. */
export function readMachineConfig(object: ObjectReader): MachineConfig {
  const metadata = readObjectMeta(object);
  const spec = object.object('spec');
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfig',
    metadata,
    spec: spec === undefined ? {} : readSpec(spec),
  };
}

function readSpec(spec: ObjectReader): MachineConfigSpec {
  const decoded = withoutAbsent<MachineConfigSpec>({
    osImageURL: spec.string('osImageURL'),
    baseOSExtensionsContainerImage: spec.string('baseOSExtensionsContainerImage'),
    config: spec.json('config'),
    kernelArguments: spec.strings('kernelArguments'),
    extensions: spec.strings('extensions'),
    fips: spec.boolean('fips'),
    kernelType: spec.string('kernelType'),
  });
  spec.end();
  return decoded;
}
