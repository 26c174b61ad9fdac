import type { Config } from './config.ts';
import { Findings, reportOf, unplaced } from './report.ts';
import type { Report } from './report.ts';
import { ruleFor } from './rules.ts';
import { configSpec, entryKey } from './spec.ts';
import type { Field, StructSpec } from './spec.ts';
import { NEWEST_MINOR, minorOf } from './version.ts';

/**
 * Checks a config again, for instance a merged one (host-contract §8.4: two valid configs can merge into an invalid
 * one), by the rules of the spec version it names. Entries have no positions.
 */
export function validate(config: Config): Report {
  return reportOf(unplaced(inspect(config, minorOf(config.ignition.version)).list));
}

/**
 * Applies the rules of a spec version: first those of every struct on the way down, then the search for duplicate
 * entries, each in the member order of the spec (the order the real tool reports in).
 */
export function inspect(config: Config, minor: number | undefined): Findings {
  const findings = new Findings();
  if (minor === undefined) findings.error('unsupported config version', 'ignition', 'version');
  const spec = configSpec(minor ?? NEWEST_MINOR);
  applyRules(spec, config, findings, minor ?? NEWEST_MINOR);
  findDuplicates(spec, config, findings);
  return findings;
}

type Members = Readonly<Record<string, unknown>>;

function applyRules(spec: StructSpec, value: unknown, findings: Findings, minor: number): void {
  ruleFor(spec.name)?.(value, findings, minor);
  forEachStruct(spec, value, findings, (of, member) => {
    applyRules(of, member, findings, minor);
  });
}

function findDuplicates(spec: StructSpec, value: unknown, findings: Findings): void {
  const seenIn = new Map<string, Set<string>>();
  for (const field of spec.fields) {
    const entries = listOf(field, value);
    if (entries === undefined || field.repeats === true) continue;
    const group = field.sharedKeys ?? field.name;
    const seen = seenIn.get(group) ?? new Set<string>();
    seenIn.set(group, seen);
    for (const [index, entry] of entries.entries()) {
      const key = entryKey(field.of, entry);
      if (seen.has(key)) findings.error('duplicate entry defined', field.name, index);
      seen.add(key);
    }
  }
  forEachStruct(spec, value, findings, (of, member) => {
    findDuplicates(of, member, findings);
  });
}

function listOf(field: Field, value: unknown): readonly unknown[] | undefined {
  const entries = (value as Members)[field.name];
  return field.list === true && Array.isArray(entries) ? (entries as readonly unknown[]) : undefined;
}

/** Descends into every struct below a value, with the path of the findings kept at it. */
function forEachStruct(
  spec: StructSpec,
  value: unknown,
  findings: Findings,
  visit: (of: StructSpec, member: unknown) => void,
): void {
  for (const field of spec.fields) {
    const member = (value as Members)[field.name];
    if (member === undefined) continue;
    // Of the lists of strings only device names have rules of their own.
    const of = field.of ?? (field.goType === 'types.Device' ? DEVICE : undefined);
    if (of === undefined) continue;
    findings.path.push(field.name);
    const entries = listOf(field, value);
    if (entries === undefined) visit(of, member);
    else {
      for (const [index, entry] of entries.entries()) {
        findings.path.push(index);
        visit(of, entry);
        findings.path.pop();
      }
    }
    findings.path.pop();
  }
}

const DEVICE: StructSpec = { name: 'Device', fields: [], byName: new Map(), key: undefined };
