import type { Config } from './config.ts';
import { decode } from './decode.ts';
import type { TypeFailure } from './decode.ts';
import { JsonArray, JsonObject, JsonSyntaxError, readJson, scalarEnd } from './json-text.ts';
import type { JsonText } from './json-text.ts';
import { shapeOf } from './json-tree.ts';
import { errorAt, locate } from './position.ts';
import { reportOf, unplaced } from './report.ts';
import type { Report, ReportEntry } from './report.ts';
import { configSpec } from './spec.ts';
import { reportUnusedKeys } from './unused-keys.ts';
import { inspect } from './validate.ts';
import { namedVersion } from './version-stub.ts';
import { probeVersion } from './version.ts';
import type { Version } from './version.ts';

/**
 * The result of parsing. Not ok: either the report has errors, or `reason` says why nothing could be read, in the
 * words the real tool puts after `couldn't parse config: `. `found` is the version the input names, when it names one;
 * {@link VERSIONS} are the accepted ones.
 */
export type ParseOutcome =
  | {
      readonly ok: true;
      readonly version: Version;
      readonly config: Config;
      readonly report: Report;
    }
  | {
      readonly ok: false;
      readonly reason?: string;
      readonly found?: string;
      readonly report: Report;
    };

const EMPTY = 'not a config (empty)';
const UNPARSABLE_VERSION = "invalid config version (couldn't parse)";
const UNSUPPORTED_VERSION = 'unsupported config version';

/** Parses and validates JSON text; every entry carries its line and column (host-contract §8.2). */
export function parseText(text: string): ParseOutcome {
  if (text === '') return { ok: false, reason: EMPTY, report: reportOf([]) };
  let json: JsonText;
  try {
    json = readJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { ok: false, report: reportOf([errorAt(text, error.offset, 1, error.message)]) };
  }
  return parse(json.value, { text, json });
}

/** Parses and validates an already decoded JSON or YAML value, such as `spec.config` of a MachineConfig. */
export function parseValue(value: unknown): ParseOutcome {
  if (value === undefined) return { ok: false, reason: EMPTY, report: reportOf([]) };
  return parse(value, undefined);
}

interface Source {
  readonly text: string;
  readonly json: JsonText;
}

function parse(value: unknown, source: Source | undefined): ParseOutcome {
  const named = namedVersion(value);
  if (named.failure !== undefined) return typeFailed(named.failure, source, undefined);

  const found = named.version;
  const probe = probeVersion(found ?? '');
  if (probe.kind !== 'known') {
    const reason = probe.kind === 'unparsable' ? UNPARSABLE_VERSION : UNSUPPORTED_VERSION;
    return { ok: false, reason, ...naming(found), report: reportOf([]) };
  }

  const spec = configSpec(probe.minor);
  const { value: decoded, failure } = decode(spec, value);
  if (failure !== undefined) return typeFailed(failure, source, found);

  const written = decoded as unknown as Config;
  const findings = inspect(written, probe.minor);
  reportUnusedKeys(spec, value, written, findings);
  const report = reportOf(
    source === undefined ? unplaced(findings.list) : locate(source.text, source.json, findings.list),
  );
  if (report.fatal) return { ok: false, ...naming(found), report };
  const config: Config = { ...written, ignition: { ...written.ignition, version: probe.version } };
  return { ok: true, version: probe.version, config, report };
}

function typeFailed(
  failure: TypeFailure,
  source: Source | undefined,
  found: string | undefined,
): ParseOutcome {
  const entry: ReportEntry =
    source === undefined
      ? { kind: 'error', path: failure.path, message: failure.message }
      : errorAt(source.text, mismatchOffset(failure, source), 0, failure.message);
  return { ok: false, ...naming(found), report: reportOf([entry]) };
}

function naming(found: string | undefined): { readonly found?: string } {
  return found === undefined ? {} : { found };
}

/** The real tool points past a scalar, and just inside an object or array. */
function mismatchOffset({ holder, index }: TypeFailure, { text, json }: Source): number {
  const held = holder instanceof JsonObject || holder instanceof JsonArray ? holder : undefined;
  const start = held?.starts[index] ?? json.start;
  const shape = shapeOf(held === undefined ? json.value : held.values[index]);
  return shape === 'object' || shape === 'array' ? start : scalarEnd(text, start);
}
