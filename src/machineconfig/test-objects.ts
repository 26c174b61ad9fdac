// Objects for the tests of this room.
import { render } from './render.ts';
import type { Rendered, RenderInput } from './render.ts';
import type { MachineConfig, MachineConfigPool, MachineConfigSpec } from '../api/index.ts';
import type { JsonObject, JsonValue } from '../ignition/index.ts';

export const ROLE = 'machineconfiguration.openshift.io/role';

/** A MachineConfig of a role. */
export function machineConfig(name: string, role: string, spec: MachineConfigSpec = {}): MachineConfig {
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name, labels: { [ROLE]: role } },
    spec,
  };
}

/** An Ignition config of the given sections. */
export function ignition(sections: JsonObject = {}, version = '3.5.0'): MachineConfigSpec {
  return { config: { ignition: { version }, ...sections } };
}

/** An Ignition config with files. */
export function files(...entries: readonly JsonObject[]): MachineConfigSpec {
  return ignition({ storage: { files: entries } });
}

/** A file with plain contents. */
export function file(path: string, text: string, more: JsonObject = {}): JsonObject {
  return { path, contents: { source: `data:,${encodeURIComponent(text)}` }, ...more };
}

/** A systemd unit with contents. */
export function units(...entries: readonly JsonObject[]): MachineConfigSpec {
  return ignition({ systemd: { units: entries } });
}

/** A pool that selects the roles worker and its own. */
export function pool(name = 'infra', spec: Partial<MachineConfigPool['spec']> = {}): MachineConfigPool {
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfigPool',
    metadata: { name },
    spec: {
      machineConfigSelector: { matchExpressions: [{ key: ROLE, operator: 'In', values: ['worker', name] }] },
      ...spec,
    },
  };
}

export const DEFAULTS: RenderInput['defaults'] = {
  osImageURL: 'registry.example.com/os@sha256:base',
  baseOSExtensionsContainerImage: 'registry.example.com/extensions@sha256:base',
};

/** Renders the pool `infra` from these MachineConfigs. */
export function renderInfra(
  machineConfigs: readonly MachineConfig[],
  more: Partial<RenderInput> = {},
): Rendered {
  return render({ pool: pool(), machineConfigs, defaults: DEFAULTS, ...more });
}

/** The member at a path of a JSON value; undefined where there is none. */
export function at(
  value: JsonValue | undefined,
  ...path: readonly (string | number)[]
): JsonValue | undefined {
  let found = value;
  for (const step of path) {
    const members = typeof found === 'object' && found !== null ? Object.entries(found) : [];
    found = members.find(([key]) => key === String(step))?.[1];
  }
  return found;
}
