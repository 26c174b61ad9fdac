import { type JsonObject, objectAt, objectsAt } from '../../schema/index.ts';
import { setDefault, setDefaultText } from './members.ts';

/** rw-r--r--, in decimal as JSON has it. */
const FILE_MODE = 0o644;

/** Fields of a volume that are set where they were left out. */
export function volumeDefaults(volume: JsonObject): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume['emptyDir'] = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const files = objectAt(volume, source);
    if (files !== undefined) setDefault(files, 'defaultMode', FILE_MODE);
  }
  itemDefaults(objectAt(volume, 'downwardAPI'));
  for (const source of objectsAt(volume, 'projected', 'sources')) {
    itemDefaults(objectAt(source, 'downwardAPI'));
    const token = objectAt(source, 'serviceAccountToken');
    if (token !== undefined) setDefault(token, 'expirationSeconds', 3600);
  }
  const hostPath = objectAt(volume, 'hostPath');
  if (hostPath !== undefined) setDefault(hostPath, 'type', '');
  const claim = objectAt(volume, 'ephemeral', 'volumeClaimTemplate', 'spec');
  if (claim !== undefined) setDefaultText(claim, 'volumeMode', 'Filesystem');
}

function itemDefaults(source: JsonObject | undefined): void {
  for (const item of objectsAt(source, 'items')) {
    const reference = objectAt(item, 'fieldRef');
    if (reference !== undefined) setDefaultText(reference, 'apiVersion', 'v1');
  }
}
