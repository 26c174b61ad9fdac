import { formatField } from '../api/index.ts';
import { VERSIONS, parseValue, versionOf } from '../ignition/index.ts';
import type { Problem } from './machineconfig-error.ts';
import type { Config, File, JsonObject, ReportEntry } from '../ignition/index.ts';

/** The spec version of every rendered config; later ones are not part of the contract (contract §2.3, §2.8). */
export const RENDERED_VERSION = '3.5.0';

/** Setuid, setgid and sticky bits are not part of the contract (contract §2.5). */
const MAX_FILE_MODE = 0o777;

const ACCEPTED_VERSIONS: readonly string[] = VERSIONS.slice(0, VERSIONS.indexOf(RENDERED_VERSION) + 1);

export interface CheckedIgnition {
  /** Present unless there are problems. */
  readonly config?: Config;
  /** Without the name of the MachineConfig. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Parses `spec.config` of a MachineConfig and checks it by the rules of Ignition and of the contract (§2.5). */
export function checkIgnition(value: JsonObject): CheckedIgnition {
  const version = versionOf(value);
  if (version !== undefined && !ACCEPTED_VERSIONS.includes(version)) {
    return { problems: [versionProblem(`${JSON.stringify(version)} is not accepted`)], warnings: [] };
  }
  const outcome = parseValue(value);
  const warnings = outcome.report.entries.filter(({ kind }) => kind === 'warning').map(toProblem);
  if (!outcome.ok) {
    const problems = outcome.report.entries.filter(({ kind }) => kind === 'error').map(toProblem);
    // Without errors of its own, all that a parser can lack in a JSON object is the version.
    return { problems: problems.length === 0 ? [versionProblem('missing')] : problems, warnings };
  }
  const problems = (outcome.config.storage?.files ?? []).flatMap(checkFile);
  return problems.length > 0 ? { problems, warnings } : { config: outcome.config, problems, warnings };
}

function versionProblem(found: string): Problem {
  return {
    field: 'spec.config.ignition.version',
    message: `${found}; write one of ${ACCEPTED_VERSIONS.join(', ')}`,
  };
}

function toProblem({ path, message }: ReportEntry): Problem {
  return { field: formatField(['spec', 'config', ...path]), message: describeMismatch(message) ?? message };
}

/** What the real validator says of a value of a wrong type, in words for people who do not read Go. */
function describeMismatch(message: string): string | undefined {
  const found = /^json: cannot unmarshal (?<shape>[a-z]+)(?: .+)? into Go .+ of type (?<type>\S+)$/u.exec(
    message,
  )?.groups;
  if (found === undefined) return undefined;
  const { shape = '', type = '' } = found;
  const expected = type.startsWith('[]') ? 'a list' : (TYPE_NAMES.get(type) ?? 'an object');
  const received = { array: 'a list', object: 'an object', bool: 'true or false' }[shape] ?? `a ${shape}`;
  return `expected ${expected}, received ${received}`;
}

const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ['string', 'a string'],
  ['int', 'a whole number'],
  ['bool', 'true or false'],
]);

function checkFile(file: File, index: number): readonly Problem[] {
  const problems: Problem[] = [];
  const field = `spec.config.storage.files[${index}]`;
  if (file.mode !== undefined && file.mode > MAX_FILE_MODE) {
    problems.push({ field: `${field}.mode`, message: describeMode(file.mode) });
  }
  for (const [member, source] of sources(file)) {
    // An empty source means an empty file.
    if (source === '' || /^data:/i.test(source)) continue;
    const scheme = /^[A-Za-z0-9+.-]*(?=:)/.exec(source)?.[0] ?? '';
    problems.push({
      field: `${field}.${member}`,
      message: `${scheme === '' ? 'such' : scheme} URLs are not accepted, because nothing is fetched when an image is built; write the contents as a data URL`,
    });
  }
  return problems;
}

function sources({ contents, append = [] }: File): readonly [string, string][] {
  const members = append.map((resource, index): [string, string] => [
    `append[${index}].source`,
    resource.source ?? '',
  ]);
  return [['contents.source', contents?.source ?? ''], ...members];
}

/** Ignition's modes are decimal; an octal one in JSON or YAML 1.2 is the usual cause of a high number. */
function describeMode(mode: number): string {
  const meant = /^[0-7]{3}$/.test(String(mode))
    ? `; if 0${mode} is meant, write ${Number.parseInt(String(mode), 8)}`
    : '';
  return `${mode} (0${mode.toString(8)}) is above ${MAX_FILE_MODE} (0777)${meant}`;
}
