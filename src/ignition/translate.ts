import type { Config, Storage } from './config.ts';
import { IgnitionError } from './ignition-error.ts';
import { SPECIAL_BITS, SPECIAL_BITS_SINCE } from './node-rules.ts';
import { minorOf } from './version.ts';
import type { Version } from './version.ts';

/**
 * Raises a config to a newer spec version. Only `ignition.version` changes, except that file and directory modes lose
 * their setuid, setgid and sticky bits on the way from 3.5 to 3.6: they had no effect before (host-contract §8.1).
 * @throws {@link IgnitionError} `downgrade`, or `unknown-version` when the config names none this room knows
 */
export function translate(config: Config, to: Version): Config {
  const { version } = config.ignition;
  const from = minorOf(version);
  const target = minorOf(to);
  if (from === undefined || target === undefined) {
    const message = `cannot translate an Ignition config of version ${version} to ${to}: unsupported config version`;
    throw new IgnitionError('unknown-version', message);
  }
  if (target < from) {
    const message = `cannot translate an Ignition config of version ${version} down to ${to}: write it in version ${to}, or accept version ${version}`;
    throw new IgnitionError('downgrade', message);
  }
  if (target === from) return config;
  const raised: Config = { ...config, ignition: { ...config.ignition, version: to } };
  return from < SPECIAL_BITS_SINCE && target >= SPECIAL_BITS_SINCE && config.storage !== undefined
    ? { ...raised, storage: withoutSpecialBits(config.storage) }
    : raised;
}

function withoutSpecialBits(storage: Storage): Storage {
  const { directories, files } = storage;
  return {
    ...storage,
    ...(directories === undefined ? {} : { directories: directories.map(maskMode) }),
    ...(files === undefined ? {} : { files: files.map(maskMode) }),
  };
}

function maskMode<T extends { readonly mode?: number }>(node: T): T {
  return node.mode === undefined || (node.mode & SPECIAL_BITS) === 0
    ? node
    : { ...node, mode: node.mode & ~SPECIAL_BITS };
}
