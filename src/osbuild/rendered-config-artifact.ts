import type { MachineConfig } from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import type { Artifact } from './artifact.ts';
import { makeArtifact } from './artifact.ts';

const ARTIFACT_TYPE = 'application/vnd.varve.rendered-config.v1';
const LAYER_TYPE = 'application/vnd.varve.rendered-config.v1+json';
/** What tools that fetch artifacts name the file (image-spec, annotations). */
const TITLE = 'org.opencontainers.image.title';

/**
 * A rendered MachineConfig as an artifact: `kubectl apply` takes its one file. What the API adds to an object is left out,
 * so that the same configuration has the same digest in every cluster.
 */
export function renderedConfigArtifact({
  metadata,
  spec,
}: Pick<MachineConfig, 'metadata' | 'spec'>): Artifact {
  const document = {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: metadata.name },
    spec,
  };
  const text = `${JSON.stringify(document, sortKeys, 2)}\n`;
  return makeArtifact(ARTIFACT_TYPE, LAYER_TYPE, Buffer.from(text), { [TITLE]: `${metadata.name}.json` });
}

/** Objects that were read from a database may have their members in another order than those that were made. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => compareText(left, right)));
}
