import type { Dropin, Systemd, Unit } from './config.ts';
import { goQuote } from './go-quote.ts';
import { extensionOf } from './paths.ts';
import type { Findings } from './report.ts';
import { parseUnit } from './unit.ts';
import type { UnitParse } from './unit.ts';

const EXTENSIONS: ReadonlySet<string> = new Set([
  '.service',
  '.socket',
  '.device',
  '.mount',
  '.automount',
  '.swap',
  '.target',
  '.path',
  '.timer',
  '.snapshot',
  '.slice',
  '.scope',
]);

export function unitRule(unit: Unit, findings: Findings): void {
  if (!EXTENSIONS.has(extensionOf(unit.name))) findings.error('invalid systemd unit extension', 'name');
  const parsed = parseContents(unit, findings);
  if (unit.enabled !== true || (unit.contents ?? '') === '' || !parsed.ok || installs(parsed)) return;
  findings.warn(
    `unit ${goQuote(unit.name)} is enabled, but has no install section so enable does nothing`,
    'contents',
  );
}

export function dropinRule(dropin: Dropin, findings: Findings): void {
  parseContents(dropin, findings);
  if (extensionOf(dropin.name) !== '.conf') findings.error('invalid systemd drop-in extension', 'name');
}

function parseContents({ contents = '' }: Unit | Dropin, findings: Findings): UnitParse {
  const parsed = parseUnit(contents);
  if (!parsed.ok) findings.error(`invalid unit content: ${parsed.message}`, 'contents');
  return parsed;
}

function installs(parsed: UnitParse): boolean {
  return parsed.ok && parsed.options.some((option) => option.section === 'Install');
}

/** An enabled instance needs a template with an `[Install]` section, if this config brings the template. */
export function systemdRule({ units = [] }: Systemd, findings: Findings): void {
  const byName = new Map(units.map((unit) => [unit.name, unit]));
  for (const [index, unit] of units.entries()) {
    const template = unit.enabled === true ? templateOf(unit.name) : undefined;
    const contents = template === undefined ? '' : (byName.get(template)?.contents ?? '');
    if (template === undefined || contents === '') continue;
    const parsed = parseUnit(contents);
    if (!parsed.ok || installs(parsed)) continue;
    findings.warn(
      `template unit ${goQuote(template)} for ${goQuote(unit.name)} doesn't have Install section`,
      'units',
      index,
      'contents',
    );
  }
}

function templateOf(name: string): string | undefined {
  const instance = /^([^\n]+?)@[^\n]+?\.service$/.exec(name);
  return instance === null ? undefined : `${instance[1] ?? ''}@.service`;
}
