import { API_VERSION } from './api-version.ts';
import { readObjectMeta } from './object-meta.ts';
import { withoutAbsent } from './without-absent.ts';
import type { ObjectMeta } from './object-meta.ts';
import type { ObjectReader } from './object-reader.ts';
import type { JsonObject } from '../ignition/index.ts';

/** `spec` of a MachineConfig (contract §1.1). An absent member means the same as an empty one. */
export interface MachineConfigSpec {
  readonly osImageURL?: string;
  readonly baseOSExtensionsContainerImage?: string;
  /** An Ignition config, not yet parsed. */
  readonly config?: JsonObject;
  readonly kernelArguments?: readonly string[];
  readonly extensions?: readonly string[];
  readonly fips?: boolean;
  /** Checked when it is rendered, as by the contract's controller, not by the schema. */
  readonly kernelType?: string;
}

/** Part of the configuration of one or more pools, or the rendered whole of one. */
export interface MachineConfig {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'MachineConfig';
  readonly metadata: ObjectMeta;
  readonly spec: MachineConfigSpec;
}

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
