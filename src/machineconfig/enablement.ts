import type { TreeUnit } from '../ignition/index.ts';
import { UNIT_DIRECTORY } from '../ignition/index.ts';
import type { BaseFacts } from './base-facts.ts';
import type { UnitFiles } from './unit-files.ts';

/** Presets count where a machine has its first boot from the image; on a running node they do nothing. */
export const PRESET_PATH = '/usr/lib/systemd/system-preset/20-varve.preset';

/** A link that enables a unit. */
export interface EnablementLink {
  readonly path: string;
  readonly target: string;
  /** The unit of the configuration that the link is made for: one that only `Also=` names is its namer's. */
  readonly unit: string;
}

/** How units are enabled and disabled in an image: by the links that `systemctl enable` would make. */
export interface Enablement {
  readonly links: readonly EnablementLink[];
  /** Links of the base that `systemctl disable` or an unmask would remove. */
  readonly removals: readonly { readonly path: string; readonly unit: string }[];
  /** Lines of a preset file; they count on a machine's first boot only, when systemd applies presets. */
  readonly presets: readonly string[];
  readonly warnings: readonly { readonly unit: string; readonly message: string }[];
}

/**
 * Turns `enabled` and `mask` of units into links below /etc/systemd/system (host-contract §5.3): presets, which
 * Ignition writes, are evaluated only where /etc/machine-id is empty, so on a node that runs already they do nothing.
 *
 * @param files what units are read from
 */
export function enableUnits(units: readonly TreeUnit[], base: BaseFacts, files: UnitFiles): Enablement {
  const declared = new Set(units.map(({ name }) => name));
  const links = new Map<string, EnablementLink>();
  const removals = new Map<string, { path: string; unit: string }>();
  const warnings: { unit: string; message: string }[] = [];

  function enable(name: string, visited: Set<string>, by: string): void {
    if (visited.has(name)) return;
    visited.add(name);
    const owner = declared.has(name) ? name : by;
    const warn = (message: string): void => {
      warnings.push({ unit: owner, message });
    };
    const instance = /^(?<prefix>[^@]+)@(?<instance>.*)\.(?<suffix>[^.]+)$/u.exec(name)?.groups;
    const template = instance === undefined ? undefined : `${instance['prefix']}@.${instance['suffix']}`;
    const unit = files.find(name);
    if (unit === undefined)
      return warn(`cannot enable unit ${name}: neither the configuration nor the base image has it`);
    const { install } = unit;
    let linkName = name;
    if (name === template) {
      if (install.defaultInstance === undefined)
        return warn(`cannot enable template ${name}: it has no DefaultInstance; enable an instance of it`);
      linkName = name.replace('@.', `@${install.defaultInstance}.`);
    }
    const wanted: (readonly [readonly string[], string])[] = [
      [install.wantedBy, 'wants'],
      [install.requiredBy, 'requires'],
      [install.upheldBy, 'upholds'],
    ];
    const add = (path: string): void => {
      const taken = links.get(path);
      if (taken === undefined) links.set(path, { path, target: unit.path, unit: owner });
      else if (taken.target !== unit.path)
        warn(`unit ${name} cannot have the link ${path}: unit ${taken.unit} has it`);
    };
    const isName = (text: string): boolean => {
      if (!text.includes('/') && text !== '') return true;
      warn(`unit ${name} names ${JSON.stringify(text)} in [Install], which is no unit`);
      return false;
    };
    for (const [targets, kind] of wanted) {
      for (const target of targets.map((text) => expandSpecifiers(text, linkName)).filter(isName)) {
        add(`${UNIT_DIRECTORY}/${target}.${kind}/${linkName}`);
      }
    }
    for (const alias of install.alias.map((text) => expandSpecifiers(text, linkName)).filter(isName)) {
      if (alias !== linkName) add(`${UNIT_DIRECTORY}/${alias}`);
    }
    for (const also of install.also) enable(expandSpecifiers(also, linkName), visited, owner);
    if (wanted.every(([targets]) => targets.length === 0) && install.alias.length + install.also.length === 0)
      warn(`unit ${name} is enabled, but has no [Install] section, so enabling it does nothing`);
  }

  for (const unit of units) {
    if (unit.mask === false && isMasked(base, unit.name)) {
      const path = `${UNIT_DIRECTORY}/${unit.name}`;
      removals.set(path, { path, unit: unit.name });
    }
    if (unit.mask === true) {
      if (unit.enabled === true) {
        warnings.push({
          unit: unit.name,
          message: `unit ${unit.name} is both enabled and masked: it is masked`,
        });
      }
      continue;
    }
    if (unit.enabled === true && unit.mask === undefined && isMasked(base, unit.name) && !unit.contents) {
      warnings.push({
        unit: unit.name,
        message: `unit ${unit.name} is enabled, but the base image masks it: set mask: false`,
      });
    }
    if (unit.enabled === true) enable(unit.name, new Set(), unit.name);
    else if (unit.enabled === false) {
      for (const path of disabledLinks(unit.name, base)) removals.set(path, { path, unit: unit.name });
    }
  }
  for (const path of links.keys()) removals.delete(path);
  return {
    links: [...links.values()],
    removals: [...removals.values()],
    presets: presetLines(units),
    warnings,
  };
}

function isMasked(base: BaseFacts, name: string): boolean {
  const entry = base.entry(`${UNIT_DIRECTORY}/${name}`);
  return entry?.type === 'symlink' && entry.target === '/dev/null';
}

/** The base's links that enable a unit: `X.wants/NAME` and its kin, and aliases that point at it. */
function disabledLinks(name: string, base: BaseFacts): readonly string[] {
  return base.unitLinks.filter((path) => {
    const relative = path.slice(UNIT_DIRECTORY.length + 1);
    if (/^[^/]+\.(?:wants|requires|upholds)\/[^/]+$/u.test(relative)) {
      return isUnitOrInstance(relative.slice(relative.indexOf('/') + 1), name);
    }
    const entry = base.entry(path);
    return (
      relative !== name &&
      !relative.includes('/') &&
      entry?.type === 'symlink' &&
      entry.target.slice(entry.target.lastIndexOf('/') + 1) === name
    );
  });
}

/** Whether a unit is the named one, or an instance of the named template: `systemctl disable` takes those too. */
function isUnitOrInstance(unit: string, name: string): boolean {
  const [prefix, suffix] = name.split('@.', 2);
  if (prefix === undefined || suffix === undefined) return unit === name;
  return unit.startsWith(`${prefix}@`) && unit.endsWith(`.${suffix}`);
}

/**
 * The lines of a preset file, as Ignition writes them (host-contract §8.6), so that a machine whose first boot is
 * this image agrees with the links even where the base's presets enable or disable by default.
 */
function presetLines(units: readonly TreeUnit[]): readonly string[] {
  const lines: string[] = [];
  const instances = new Map<string, string[]>();
  for (const unit of units) {
    if (unit.enabled === undefined || unit.mask === true) continue;
    const match = /^(?<prefix>[^@]+@)(?<instance>.+)(?<suffix>\.[^.]+)$/u.exec(unit.name)?.groups;
    const instance = match?.['instance'];
    if (unit.enabled && match !== undefined && instance !== undefined) {
      const template = `${match['prefix'] ?? ''}${match['suffix'] ?? ''}`;
      instances.set(template, [...(instances.get(template) ?? []), instance]);
    } else {
      lines.push(`${unit.enabled ? 'enable' : 'disable'} ${unit.name}`);
    }
  }
  for (const [template, names] of instances) lines.push(`enable ${template} ${names.join(' ')}`);
  return lines.sort();
}

/** The unit specifiers that make sense in [Install] (systemd.unit(5)): %i %j %n %N %p and %%. */
function expandSpecifiers(text: string, unitName: string): string {
  if (!text.includes('%')) return text;
  const stem = unitName.slice(0, unitName.lastIndexOf('.'));
  const [prefix = stem, instance = ''] = stem.split('@', 2);
  const values: Readonly<Record<string, string>> = {
    i: instance,
    j: prefix.slice(prefix.lastIndexOf('-') + 1),
    n: unitName,
    N: stem,
    p: prefix,
    '%': '%',
  };
  return text.replace(/%(?<letter>.)/gu, (whole, letter: string) => values[letter] ?? whole);
}
