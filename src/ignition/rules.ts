import * as disk from './disk-rules.ts';
import * as node from './node-rules.ts';
import type { Findings } from './report.ts';
import * as resource from './resource-rules.ts';
import * as unit from './unit-rules.ts';

/** Checks one struct by itself; `minor` is the minor number of the spec version. */
export type Rule = (value: unknown, findings: Findings, minor: number) => void;

// A rule takes the struct it is listed under: the spec table and the decoder see to that.
const RULES: Readonly<Record<string, (value: never, findings: Findings, minor: number) => void>> = {
  CaReference: resource.caReferenceRule,
  ClevisCustom: resource.clevisCustomRule,
  Config: node.configRule,
  ConfigReference: resource.configReferenceRule,
  Custom: resource.customRule,
  Device: disk.deviceRule,
  Directory: node.directoryRule,
  Disk: disk.diskRule,
  Dropin: unit.dropinRule,
  File: node.fileRule,
  FileContents: resource.fileContentsRule,
  Filesystem: disk.filesystemRule,
  HTTPHeader: resource.httpHeaderRule,
  IgnitionConfig: resource.ignitionConfigRule,
  Link: node.linkRule,
  Luks: disk.luksRule,
  NodeGroup: node.ownerRule,
  NodeUser: node.ownerRule,
  Partition: disk.partitionRule,
  Proxy: resource.proxyRule,
  Raid: disk.raidRule,
  Resource: resource.resourceRule,
  Storage: node.storageRule,
  Systemd: unit.systemdRule,
  TLS: resource.tlsRule,
  Tang: resource.tangRule,
  Unit: unit.unitRule,
  Verification: resource.verificationRule,
};

/** The rule of a struct of the spec, if it has one (host-contract §8.3). */
export function ruleFor(struct: string): Rule | undefined {
  return RULES[struct] as Rule | undefined;
}
