import { isDeepStrictEqual } from 'node:util';
import type { MachineConfig, MachineConfigSpec } from '../api/index.ts';
import { type Config, decodeResource, IgnitionError, parseValue } from '../ignition/index.ts';
import { combineActions } from './disruption-actions.ts';
import type { DisruptionAction, DisruptionPolicies } from './disruption-policy.ts';
import { isSafeRegistriesChange } from './registries-change.ts';

/** A change, the rule that says what it costs, and what that is. */
export interface DisruptionReason {
  /** What changes: `/etc/motd`, `unit crio.service`, `user core`, or a field such as `spec.kernelArguments`. */
  readonly item: string;
  /** The rule: `the policy for files below /etc/containers/registries.d`. */
  readonly rule: string;
  readonly actions: readonly DisruptionAction[];
}

/** What a change from one rendered MachineConfig to another costs a node. */
export interface Disruption {
  /** In this order; `None` or `Reboot` alone. What a rule asks for once is done once, however many files it is about. */
  readonly actions: readonly DisruptionAction[];
  readonly reasons: readonly DisruptionReason[];
  /** What changes, each once: what `DisruptionNote.items` is to say. */
  readonly items: readonly string[];
}

/** What is there without a file of the configuration only the base image knows. */
const UNKNOWN = 'unknown';

const REBOOT: readonly DisruptionAction[] = [{ type: 'Reboot' }];

/** Sections of an Ignition config whose changes have policies; everything else costs a reboot. */
const FILES = 'files';
const UNITS = 'units';
const USERS = 'users';

/**
 * What the change costs by these policies (contract §5.11, calculation), everything that reboots named, and not the first
 * one alone. The rendered configurations say nothing of what a MachineOSConfig adds to an image: that two images differ in
 * nothing else has to be looked at where they are.
 */
export function disruptionOf(
  current: MachineConfig,
  desired: MachineConfig,
  policies: DisruptionPolicies,
): Disruption {
  const before = parseConfig(current);
  const after = parseConfig(desired);
  const reasons = [
    ...fieldReasons(current.spec, desired.spec),
    ...(typeof before === 'string' || typeof after === 'string'
      ? unreadable([before, after])
      : [
          ...otherReasons(before, after),
          ...fileReasons(before, after, policies),
          ...unitReasons(before, after, policies),
          ...accountReasons(before, after, policies),
        ]),
  ];
  return {
    actions: combineActions(reasons.map(({ actions }) => actions)),
    reasons,
    items: [...new Set(reasons.map(({ item }) => item))],
  };
}

/** The policy that a file's path has: that of the path itself, or of the closest directory above it that has one. */
export function filePolicy(
  path: string,
  { files }: DisruptionPolicies,
): DisruptionPolicies['files'][number] | undefined {
  let best: { readonly policy: DisruptionPolicies['files'][number]; readonly length: number } | undefined;
  for (const policy of files) {
    const folder = policy.path.replace(/\/+$/u, '');
    const holds = path === folder || path === policy.path || path.startsWith(`${folder}/`);
    if (holds && folder.length > (best?.length ?? -1)) best = { policy, length: folder.length };
  }
  return best?.policy;
}

/** Contract §5.11, 2: what no running node can change. Absent, empty and default are the same (§5.6, 1). */
function fieldReasons(before: MachineConfigSpec, after: MachineConfigSpec): readonly DisruptionReason[] {
  const special = ({ extensions, kernelType }: MachineConfigSpec): boolean =>
    (extensions ?? []).length > 0 || kernelOf(kernelType) !== 'default';
  const usesExtensions = special(before) || special(after);
  const changed: readonly (readonly [string, unknown, unknown])[] = [
    ['osImageURL', before.osImageURL ?? '', after.osImageURL ?? ''],
    ['kernelArguments', before.kernelArguments ?? [], after.kernelArguments ?? []],
    ['fips', before.fips === true, after.fips === true],
    ['kernelType', kernelOf(before.kernelType), kernelOf(after.kernelType)],
    ['extensions', before.extensions ?? [], after.extensions ?? []],
    // Where packages come from matters only where there are some.
    ...(usesExtensions
      ? [
          [
            'baseOSExtensionsContainerImage',
            before.baseOSExtensionsContainerImage ?? '',
            after.baseOSExtensionsContainerImage ?? '',
          ] as const,
        ]
      : []),
  ];
  return changed
    .filter(([, one, other]) => !isDeepStrictEqual(one, other))
    .map(([field]) => rebooting(`spec.${field}`, 'no running node can change it'));
}

function kernelOf(kernelType: string | undefined): string {
  return kernelType === undefined || kernelType === '' ? 'default' : kernelType;
}

/** Sections without policies: nobody said that a node need not reboot for them. */
function otherReasons(before: Config, after: Config): readonly DisruptionReason[] {
  const rest = (config: Config): Readonly<Record<string, unknown>> => {
    const { storage, passwd, systemd, ignition, kernelArguments } = config;
    const { [FILES]: _files, ...storageRest } = storage ?? {};
    const { [USERS]: _users, ...passwdRest } = passwd ?? {};
    const { [UNITS]: _units, ...systemdRest } = systemd ?? {};
    const { version: _version, ...ignitionRest } = ignition;
    return {
      ...prefixed('storage', storageRest),
      ...prefixed('passwd', passwdRest),
      ...prefixed('systemd', systemdRest),
      ...prefixed('ignition', ignitionRest),
      ...prefixed('kernelArguments', kernelArguments ?? {}),
    };
  };
  const [one, other] = [rest(before), rest(after)];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .filter((key) => !isDeepStrictEqual(one[key] ?? [], other[key] ?? []))
    .map((key) => rebooting(`spec.config.${key}`, 'no policy is about it'));
}

function prefixed(section: string, members: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).map(([key, value]) => [`${section}.${key}`, value]));
}

/** Contract §5.11, 4. */
function fileReasons(
  before: Config,
  after: Config,
  policies: DisruptionPolicies,
): readonly DisruptionReason[] {
  const changed = changedKeys(before.storage?.files, after.storage?.files, ({ path }) => path);
  return changed.map((path) => {
    const policy = filePolicy(path, policies);
    if (policy === undefined) return rebooting(path, 'no policy is about it');
    const rule =
      policy.path === path ? `the policy for ${path}` : `the policy for files below ${policy.path}`;
    const isSpecial = policy.actions.some(({ type }) => type === 'Special');
    if (!isSpecial || isSafeRegistriesChange(textOf(before, path), textOf(after, path)))
      return { item: path, rule, actions: policy.actions };
    const why = `${rule}, and images that run may not be found any more where they were`;
    return { item: path, rule: why, actions: [{ type: 'Drain' }, ...policy.actions] };
  });
}

/** A file's content; that of a file which is not there, or cannot be read, is none that anything could be safe about. */
function textOf({ storage }: Config, path: string): string {
  const file = storage?.files?.find((one) => one.path === path);
  if (file?.contents === undefined || (file.append ?? []).length > 0) return UNKNOWN;
  try {
    return Buffer.from(decodeResource(file.contents)).toString('utf8');
  } catch (error) {
    if (error instanceof IgnitionError) return UNKNOWN;
    throw error;
  }
}

/** Contract §5.11, 5. */
function unitReasons(
  before: Config,
  after: Config,
  { units }: DisruptionPolicies,
): readonly DisruptionReason[] {
  const changed = changedKeys(before.systemd?.units, after.systemd?.units, ({ name }) => name);
  return changed.map((name) => {
    const policy = units.find((unit) => unit.name === name);
    if (policy === undefined) return rebooting(`unit ${name}`, 'no policy is about it');
    return { item: `unit ${name}`, rule: `the policy for the unit ${name}`, actions: policy.actions };
  });
}

/** Contract §5.11, 6: keys and passwords have one policy. */
function accountReasons(
  before: Config,
  after: Config,
  { sshkey }: DisruptionPolicies,
): readonly DisruptionReason[] {
  const users = (config: Config): ReadonlyMap<string, object> =>
    new Map((config.passwd?.users ?? []).map((user) => [user.name, user]));
  const [one, other] = [users(before), users(after)];
  return changedKeys(before.passwd?.users, after.passwd?.users, ({ name }) => name).map((name) => {
    const item = `user ${name}`;
    const others = (user: object | undefined): object => {
      const {
        sshAuthorizedKeys: _keys,
        passwordHash: _hash,
        ...more
      } = (user ?? { name }) as Record<string, unknown>;
      return more;
    };
    if (!isDeepStrictEqual(others(one.get(name)), others(other.get(name))))
      return rebooting(item, 'more of it changes than its keys and its password');
    return { item, rule: 'the policy for ssh keys', actions: sshkey.actions };
  });
}

/** What is new, gone or different, in the order of the new list, and what is gone after it. */
function changedKeys<T>(
  before: readonly T[] | undefined,
  after: readonly T[] | undefined,
  keyOf: (entry: T) => string,
): readonly string[] {
  const old = new Map((before ?? []).map((entry) => [keyOf(entry), entry]));
  const now = new Map((after ?? []).map((entry) => [keyOf(entry), entry]));
  return [...new Set([...now.keys(), ...old.keys()])].filter(
    (key) => !isDeepStrictEqual(old.get(key), now.get(key)),
  );
}

function parseConfig({ metadata, spec }: MachineConfig): Config | string {
  if (spec.config === undefined) return { ignition: { version: '3.5.0' } };
  const outcome = parseValue(spec.config);
  return outcome.ok ? outcome.config : metadata.name;
}

function unreadable(configs: readonly (Config | string)[]): readonly DisruptionReason[] {
  return configs.flatMap((config) =>
    typeof config === 'string'
      ? [rebooting('spec.config', `that of ${config} is no valid Ignition config, so nothing is known of it`)]
      : [],
  );
}

function rebooting(item: string, rule: string): DisruptionReason {
  return { item, rule, actions: REBOOT };
}
