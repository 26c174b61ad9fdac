import { API_VERSION } from './api-version.ts';
import { readLabelSelector } from './label-selector.ts';
import { MAX_LABEL, subdomainProblem } from './names.ts';
import { readObjectMeta } from './object-meta.ts';
import { describeType } from './object-reader.ts';
import { withoutAbsent } from './without-absent.ts';
import type { MachineConfigPool } from './definitions/machine-config-pool.ts';
import type { ObjectReader } from './object-reader.ts';

type MachineConfigPoolSpec = MachineConfigPool['spec'];
type PoolConfiguration = NonNullable<MachineConfigPoolSpec['configuration']>;
type ObjectReference = Omit<PoolConfiguration, 'source'>;

const MAX_PINNED_IMAGE_SETS = 100;
const REFERENCE_MEMBERS = [
  'apiVersion',
  'kind',
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'fieldPath',
] as const;

/** Reads the body of a MachineConfigPool; its status is left out. */
export function readMachineConfigPool(object: ObjectReader): MachineConfigPool {
  const metadata = readObjectMeta(object);
  const spec = object.requiredObject('spec');
  object.json('status');
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfigPool',
    metadata,
    spec: spec === undefined ? {} : readSpec(spec),
  };
}

function readSpec(spec: ObjectReader): MachineConfigPoolSpec {
  const decoded = withoutAbsent<MachineConfigPoolSpec>({
    machineConfigSelector: readLabelSelector(spec, 'machineConfigSelector'),
    nodeSelector: readLabelSelector(spec, 'nodeSelector'),
    paused: spec.boolean('paused'),
    maxUnavailable: readMaxUnavailable(spec),
    configuration: readConfiguration(spec),
    pinnedImageSets: readPinnedImageSets(spec),
    osImageStream: readNamed(spec, 'osImageStream'),
  });
  spec.end();
  return decoded;
}

function readMaxUnavailable(spec: ObjectReader): number | string | undefined {
  const value = spec.value('maxUnavailable');
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  if (typeof value === 'string' && /^[0-9]{1,9}%$/.test(value)) return value;
  const received = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : describeType(value);
  const field = spec.field('maxUnavailable');
  spec.problems.add(
    field,
    `expected a whole number of nodes or a percentage such as "10%", received ${received}`,
  );
  return undefined;
}

function readConfiguration(spec: ObjectReader): PoolConfiguration | undefined {
  const configuration = spec.object('configuration');
  if (configuration === undefined) return undefined;
  const reference = readReference(configuration);
  const source = configuration.objects('source', readReference);
  configuration.end();
  return { ...reference, ...(source === undefined ? {} : { source }) };
}

function readReference(reader: ObjectReader): ObjectReference {
  const entries = REFERENCE_MEMBERS.map((member) => [member, reader.string(member)] as const);
  return withoutAbsent<ObjectReference>(Object.fromEntries(entries));
}

function readPinnedImageSets(spec: ObjectReader): readonly { readonly name: string }[] | undefined {
  const sets = spec.objects('pinnedImageSets', (item) => ({
    name: item.requiredString('name', pinnedImageSetNameProblem),
  }));
  const names = (sets ?? []).map(({ name }) => name);
  spec.checkList('pinnedImageSets', names, 'name', MAX_PINNED_IMAGE_SETS);
  return sets;
}

/** The schema bounds the parts between the dots, as DNS does, though an object's name may have longer ones. */
function pinnedImageSetNameProblem(name: string): string | undefined {
  const long = name.split('.').find((part) => part.length > MAX_LABEL);
  return (
    subdomainProblem(name) ??
    (long === undefined
      ? undefined
      : `the part ${JSON.stringify(long)} must be no more than ${MAX_LABEL} characters, has ${long.length}`)
  );
}

function readNamed(spec: ObjectReader, key: string): { readonly name: string } | undefined {
  const reader = spec.object(key);
  if (reader === undefined) return undefined;
  const name = reader.requiredString('name', subdomainProblem);
  reader.end();
  return { name };
}
