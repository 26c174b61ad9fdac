import { NEWEST_MINOR } from './version.ts';

/**
 * The structs of every Ignition spec in one table: parsing, validation order, duplicate checks, merging and pruning
 * all walk it. Members stand in the order of the real tool's declarations, because its reports come in that order.
 * `since` and `until` are the minor numbers of the first and last spec that has a member (host-contract §8.1).
 */
interface FieldSpec {
  readonly name: string;
  readonly kind: 'string' | 'int' | 'bool' | 'struct';
  /** What the real tool calls the type of one value in type errors. */
  readonly goType: string;
  /** The type of the whole list in type errors; defaults to `[]` before `goType`. */
  readonly goListType?: string;
  readonly struct?: string;
  readonly list?: true;
  /** A string that is `''` when absent, and that the child always overrides in a merge. */
  readonly required?: true;
  /** A value null does not unset: it leaves what an earlier duplicate of the key set. */
  readonly plain?: true;
  /** A list that may hold equal entries and that a merge concatenates (host-contract §8.4). */
  readonly repeats?: true;
  /** Lists of one struct that share their keys. */
  readonly sharedKeys?: string;
  /** A struct that differs from an absent one even when empty. */
  readonly nullable?: true;
  readonly since?: number;
  readonly until?: number;
}

export interface StructSpec {
  readonly name: string;
  readonly fields: readonly Field[];
  /** By lower-case name: keys match case-insensitively. */
  readonly byName: ReadonlyMap<string, Field>;
  /** The member that identifies an entry of a list of these. */
  readonly key: string | undefined;
}

export interface Field extends FieldSpec {
  readonly of: StructSpec | undefined;
}

type Options = Partial<
  Pick<FieldSpec, 'since' | 'until' | 'plain' | 'repeats' | 'sharedKeys' | 'nullable' | 'goListType'>
>;

const text = (name: string, more?: Options): FieldSpec => ({
  name,
  kind: 'string',
  goType: 'string',
  ...more,
});
const required = (name: string, more?: Options): FieldSpec => ({
  ...text(name, more),
  required: true,
  plain: true,
});
const int = (name: string, more?: Options): FieldSpec => ({
  name,
  kind: 'int',
  goType: 'int',
  ...more,
});
const bool = (name: string, more?: Options): FieldSpec => ({
  name,
  kind: 'bool',
  goType: 'bool',
  ...more,
});
const strings = (name: string, goName: string, more?: Options): FieldSpec => ({
  name,
  kind: 'string',
  goType: `types.${goName}`,
  list: true,
  ...more,
});
const struct = (name: string, of: string, more?: Options): FieldSpec => ({
  name,
  kind: 'struct',
  goType: `types.${of}`,
  struct: of,
  ...more,
});
const list = (name: string, of: string, more?: Options): FieldSpec => ({
  ...struct(name, of, more),
  list: true,
});

const NODE: readonly FieldSpec[] = [
  struct('group', 'NodeGroup'),
  bool('overwrite'),
  required('path'),
  struct('user', 'NodeUser'),
];
const NODES: Options = { sharedKeys: 'Node' };
const KARGS: Options = { sharedKeys: 'KernelArgument' };

const STRUCTS: Readonly<Record<string, { readonly key?: string; readonly fields: readonly FieldSpec[] }>> = {
  Config: {
    fields: [
      struct('ignition', 'Ignition'),
      struct('kernelArguments', 'KernelArguments', { since: 3 }),
      struct('passwd', 'Passwd'),
      struct('storage', 'Storage'),
      struct('systemd', 'Systemd'),
    ],
  },
  Ignition: {
    fields: [
      struct('config', 'IgnitionConfig'),
      struct('proxy', 'Proxy', { since: 1 }),
      struct('security', 'Security'),
      struct('timeouts', 'Timeouts'),
      required('version'),
    ],
  },
  IgnitionConfig: {
    fields: [
      list('merge', 'ConfigReference', { until: 0 }),
      list('merge', 'Resource', { since: 1 }),
      struct('replace', 'ConfigReference', { until: 0 }),
      struct('replace', 'Resource', { since: 1 }),
    ],
  },
  ConfigReference: {
    key: 'source',
    fields: [text('source'), struct('verification', 'Verification')],
  },
  CaReference: {
    key: 'source',
    fields: [required('source'), struct('verification', 'Verification')],
  },
  FileContents: {
    fields: [text('compression'), text('source'), struct('verification', 'Verification')],
  },
  Resource: {
    key: 'source',
    fields: [
      text('compression'),
      list('httpHeaders', 'HTTPHeader', { goListType: 'types.HTTPHeaders' }),
      text('source'),
      struct('verification', 'Verification'),
    ],
  },
  HTTPHeader: { key: 'name', fields: [required('name'), text('value')] },
  Verification: { fields: [text('hash')] },
  Proxy: { fields: [text('httpProxy'), text('httpsProxy'), strings('noProxy', 'NoProxyItem')] },
  Security: { fields: [struct('tls', 'TLS')] },
  TLS: {
    fields: [
      list('certificateAuthorities', 'CaReference', { until: 0 }),
      list('certificateAuthorities', 'Resource', { since: 1 }),
    ],
  },
  Timeouts: { fields: [int('httpResponseHeaders'), int('httpTotal')] },
  KernelArguments: {
    fields: [
      strings('shouldExist', 'KernelArgument', KARGS),
      strings('shouldNotExist', 'KernelArgument', KARGS),
    ],
  },
  Passwd: { fields: [list('groups', 'PasswdGroup'), list('users', 'PasswdUser')] },
  PasswdGroup: {
    key: 'name',
    fields: [
      int('gid'),
      required('name'),
      text('passwordHash'),
      bool('shouldExist', { since: 2 }),
      bool('system'),
    ],
  },
  PasswdUser: {
    key: 'name',
    fields: [
      text('gecos'),
      strings('groups', 'Group'),
      text('homeDir'),
      required('name'),
      bool('noCreateHome'),
      bool('noLogInit'),
      bool('noUserGroup'),
      text('passwordHash'),
      text('primaryGroup'),
      strings('sshAuthorizedKeys', 'SSHAuthorizedKey'),
      text('shell'),
      bool('shouldExist', { since: 2 }),
      bool('system'),
      int('uid'),
    ],
  },
  Storage: {
    fields: [
      list('directories', 'Directory', NODES),
      list('disks', 'Disk'),
      list('files', 'File', NODES),
      list('filesystems', 'Filesystem'),
      list('links', 'Link', NODES),
      list('luks', 'Luks', { since: 2 }),
      list('raid', 'Raid'),
    ],
  },
  NodeGroup: { fields: [int('id'), text('name')] },
  NodeUser: { fields: [int('id'), text('name')] },
  Directory: { key: 'path', fields: [...NODE, int('mode')] },
  File: {
    key: 'path',
    fields: [
      ...NODE,
      list('append', 'FileContents', { until: 0, repeats: true }),
      list('append', 'Resource', { since: 1, repeats: true }),
      struct('contents', 'FileContents', { until: 0 }),
      struct('contents', 'Resource', { since: 1 }),
      int('mode'),
    ],
  },
  Link: {
    key: 'path',
    fields: [...NODE, bool('hard'), required('target', { until: 2 }), text('target', { since: 3 })],
  },
  Disk: {
    key: 'device',
    fields: [required('device'), list('partitions', 'Partition'), bool('wipeTable')],
  },
  Partition: {
    fields: [
      text('guid'),
      text('label'),
      int('number', { plain: true }),
      bool('resize', { since: 2 }),
      bool('shouldExist'),
      int('sizeMiB'),
      int('startMiB'),
      text('typeGuid'),
      bool('wipePartitionEntry'),
    ],
  },
  Filesystem: {
    key: 'device',
    fields: [
      required('device'),
      text('format'),
      text('label'),
      strings('mountOptions', 'MountOption', { since: 1, repeats: true }),
      strings('options', 'FilesystemOption', { repeats: true }),
      text('path'),
      text('uuid'),
      bool('wipeFilesystem'),
    ],
  },
  Raid: {
    key: 'name',
    fields: [
      strings('devices', 'Device'),
      required('level', { until: 2 }),
      text('level', { since: 3 }),
      required('name'),
      strings('options', 'RaidOption', { repeats: true }),
      int('spares'),
    ],
  },
  Luks: {
    key: 'name',
    fields: [
      struct('cex', 'Cex', { since: 5 }),
      struct('clevis', 'Clevis', { until: 2, nullable: true }),
      struct('clevis', 'Clevis', { since: 3 }),
      text('device'),
      bool('discard', { since: 4 }),
      struct('keyFile', 'Resource'),
      text('label'),
      required('name'),
      strings('openOptions', 'OpenOption', { since: 4 }),
      strings('options', 'LuksOption', { repeats: true }),
      text('uuid'),
      bool('wipeVolume'),
    ],
  },
  Cex: { fields: [bool('enabled')] },
  Clevis: {
    fields: [
      struct('custom', 'Custom', { until: 2, nullable: true }),
      struct('custom', 'ClevisCustom', { since: 3 }),
      list('tang', 'Tang'),
      int('threshold'),
      bool('tpm2'),
    ],
  },
  Custom: { fields: [required('config'), bool('needsNetwork'), required('pin')] },
  ClevisCustom: { fields: [text('config'), bool('needsNetwork'), text('pin')] },
  Tang: {
    key: 'url',
    fields: [text('advertisement', { since: 4 }), text('thumbprint'), text('url', { plain: true })],
  },
  Systemd: { fields: [list('units', 'Unit')] },
  Unit: {
    key: 'name',
    fields: [text('contents'), list('dropins', 'Dropin'), bool('enabled'), bool('mask'), required('name')],
  },
  Dropin: { key: 'name', fields: [text('contents'), required('name')] },
};

const compiled: (StructSpec | undefined)[] = [];

/** The root struct of the spec with this minor number. Built when first asked for. */
export function configSpec(minor: number): StructSpec {
  return (compiled[minor] ??= compile('Config', minor, new Map()));
}

function compile(name: string, minor: number, done: Map<string, StructSpec>): StructSpec {
  const known = done.get(name);
  if (known !== undefined) return known;
  const { key, fields: all = [] } = STRUCTS[name] ?? {};
  const fields: Field[] = [];
  const byName = new Map<string, Field>();
  for (const field of all) {
    if (minor < (field.since ?? 0) || minor > (field.until ?? NEWEST_MINOR)) continue;
    const of = field.struct === undefined ? undefined : compile(field.struct, minor, done);
    const withStruct: Field = { ...field, of };
    fields.push(withStruct);
    byName.set(field.name.toLowerCase(), withStruct);
  }
  const spec: StructSpec = { name, fields, byName, key };
  done.set(name, spec);
  return spec;
}

/**
 * The key of an entry of a list (host-contract §8.4): the text itself, the identifying member of a struct, and for
 * partitions the number, or the label where the number is 0.
 */
export function entryKey(of: StructSpec | undefined, entry: unknown): string {
  if (typeof entry === 'string') return entry;
  const value = entry as Readonly<Record<string, unknown>>;
  if (of?.name === 'Partition') {
    const { number, label } = value;
    if (typeof number === 'number' && number !== 0) return `number:${number}`;
    return typeof label === 'string' ? `label:${label}` : '';
  }
  const key = of?.key === undefined ? undefined : value[of.key];
  return typeof key === 'string' ? key : '';
}
