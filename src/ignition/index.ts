/**
 * Ignition configs 3.0 to 3.6: parsing with the real validator's verdicts and wording, validation, merging, upward
 * translation, resources, and the tree of files a config stands for (host-contract §8). Knows nothing of Kubernetes.
 */
export type { Config, File, Group, Resource, Unit, User } from './config.ts';
export { IgnitionError } from './ignition-error.ts';
export type { IgnitionErrorCode } from './ignition-error.ts';
export { combineInstalls, readInstall } from './install.ts';
export type { InstallSettings, UnitInstall } from './install.ts';
export { jsonSyntaxMessage } from './json-text.ts';
export { merge } from './merge.ts';
export { UNIT_DIRECTORY } from './node-rules.ts';
export { parseText, parseValue } from './parse.ts';
export type { ParseOutcome } from './parse.ts';
export { prune } from './prune.ts';
export type { JsonObject, JsonValue } from './prune.ts';
export { formatEntry } from './report.ts';
export type { Report, ReportEntry } from './report.ts';
export { MAX_RESOURCE_BYTES, decodeResource } from './resource.ts';
export { compareText } from './text-order.ts';
export { translate } from './translate.ts';
export { toTree } from './tree.ts';
export type { Origin, Owner, Tree, TreeNode, TreeUnit } from './tree.ts';
export { parseUnit } from './unit.ts';
export type { UnitOption, UnitParse } from './unit.ts';
export { validate } from './validate.ts';
export { VERSIONS } from './version.ts';
export type { Version } from './version.ts';
export { versionOf } from './version-stub.ts';
