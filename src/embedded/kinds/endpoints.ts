import { type JsonObject, numberAt, objectsAt, textAt } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { setDefaultText } from './members.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

const MOST_ENDPOINTS = 3;

/** core/v1 Endpoints. */
export const endpoints: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  strategy: {
    createsOnUpdate: true,
    defaults(object) {
      for (const subset of objectsAt(object, 'subsets')) {
        for (const port of objectsAt(subset, 'ports')) setDefaultText(port, 'protocol', 'TCP');
      }
    },
  },
  table: {
    columns: [NAME, { name: 'Endpoints', field: 'subsets' }, AGE],
    cells: (object, now) => [nameCell(object), endpointsCell(object), ageCell(object, now)],
  },
};

/** At most three addresses with their ports, and how many more there are. */
function endpointsCell(object: JsonObject): string {
  const subsets = objectsAt(object, 'subsets');
  const all = subsets.flatMap((subset) => {
    const addresses = objectsAt(subset, 'addresses').map((address) => textAt(address, 'ip'));
    const ports = objectsAt(subset, 'ports');
    if (ports.length === 0) return addresses;
    return ports.flatMap((port) =>
      addresses.map((address) => hostPort(address, String(numberAt(port, 'port') ?? 0))),
    );
  });
  if (all.length === 0) return subsets.length === 0 ? '<none>' : '';
  const shown = all.slice(0, MOST_ENDPOINTS).join(',');
  return all.length > MOST_ENDPOINTS ? `${shown} + ${all.length - MOST_ENDPOINTS} more...` : shown;
}

function hostPort(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
