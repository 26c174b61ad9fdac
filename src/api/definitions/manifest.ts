import { dump } from 'js-yaml';
import { customResourceDefinitions } from './index.ts';

const HEADER = '# Generated from src/api/definitions by `npm run generate`. Do not edit.\n';

/** The files of deploy/crds: name → text. */
export function manifests(): ReadonlyMap<string, string> {
  return new Map(
    customResourceDefinitions.map((definition) => [
      `${definition.metadata.name}.yaml`,
      // Fragments that kinds share are written out each time: not every reader of the files knows YAML's anchors.
      HEADER + dump(definition, { noRefs: true, lineWidth: 120 }),
    ]),
  );
}
