import { compareText } from '../ignition/index.ts';
import type { ImageNode } from '../machineconfig/index.ts';

const MAIN = '/etc/containers/registries.conf';
const MORE = '/etc/containers/registries.conf.d/';
const POLICY = '/etc/containers/policy.json';

/** Which registries a pool's images come from, and which images it trusts, as its configuration says. */
export interface PoolRegistries {
  /** `registries.conf`: mirrors, and what is blocked. */
  readonly registriesConf?: string;
  /** `policy.json` */
  readonly policy?: string;
}

/**
 * What a pool's MachineConfigs say of registries holds for its builds as well (contract §4.4): `registries.conf` with the tables of
 * `registries.conf.d`, of which a later one takes the place of an earlier one for the same images (host-contract §6.2), and
 * `policy.json`.
 */
export function poolRegistries(nodes: readonly ImageNode[]): PoolRegistries {
  const texts = new Map(
    nodes.flatMap((node): readonly (readonly [string, string])[] =>
      node.type === 'file' ? [[node.path, Buffer.from(node.contents).toString('utf8')]] : [],
    ),
  );
  const more = [...texts.keys()].filter((path) => path.startsWith(MORE) && path.endsWith('.conf'));
  const main = texts.get(MAIN);
  const policy = texts.get(POLICY);
  const isSaid = main !== undefined || more.length > 0;
  const later = more.sort(compareText).map((path) => texts.get(path) ?? '');
  return {
    ...(isSaid ? { registriesConf: mergeRegistries(main ?? '', later) } : {}),
    ...(policy === undefined ? {} : { policy }),
  };
}

/** A `[[registry]]` with its mirrors, as its text. */
interface RegistryTable {
  /** The images that it is about. */
  readonly prefix: string;
  readonly sections: readonly string[];
}

function mergeRegistries(main: string, later: readonly string[]): string {
  const { head, tables } = readTables(main);
  const byPrefix = new Map(tables.map((table) => [table.prefix, table]));
  for (const text of later) for (const table of readTables(text).tables) byPrefix.set(table.prefix, table);
  return [head, ...[...byPrefix.values()].flatMap(({ sections }) => sections)].join('');
}

/** The text of the file up to its first table of a registry, other tables included, and those tables. */
function readTables(text: string): { readonly head: string; readonly tables: readonly RegistryTable[] } {
  const head: string[] = [];
  const tables: { prefix: string; sections: string[] }[] = [];
  for (const section of sectionsOf(text)) {
    const own = /^\s*\[\[\s*registry\s*(\.\s*mirror\s*)?\]\]/.exec(section);
    const last = tables.at(-1);
    if (own === null) head.push(section);
    else if (own[1] === undefined) {
      tables.push({
        prefix: valueOf(section, 'prefix') ?? locationOf(section) ?? section,
        sections: [section],
      });
    } else last?.sections.push(section);
  }
  return { head: head.join(''), tables };
}

/** A text of TOML before each of its headers; all end with a line break. */
function sectionsOf(text: string): readonly string[] {
  const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return whole.split(/^(?=[ \t]*\[)/m).filter((section) => section !== '');
}

function valueOf(section: string, key: string): string | undefined {
  return new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*(?:"([^"\\n]*)"|'([^'\\n]*)')`, 'm')
    .exec(section)
    ?.slice(1)
    .find(Boolean);
}

function locationOf(section: string): string | undefined {
  return valueOf(section, 'location');
}

/**
 * The `registries.conf` of a builder: the pool's, in which registries and mirrors that may be without TLS are marked so, and a table
 * for each of those that have none.
 */
export function builderRegistries(conf: string, insecure: readonly string[]): string {
  const named = new Set<string>();
  const sections = sectionsOf(conf).map((section) => {
    if (!/^\s*\[\[\s*registry\s*(?:\.\s*mirror\s*)?\]\]/.test(section)) return section;
    const location = locationOf(section) ?? valueOf(section, 'prefix') ?? '';
    const host = location.split('/')[0] ?? '';
    if (/^\s*\[\[\s*registry\s*\]\]/.test(section)) named.add(location);
    if (!insecure.includes(host)) return section;
    return `${section.replaceAll(/^[ \t]*insecure[ \t]*=.*\n/gm, '')}insecure = true\n`;
  });
  const missing = insecure.filter((name) => !named.has(name));
  const own = missing.map((name) => `[[registry]]\nlocation = ${JSON.stringify(name)}\ninsecure = true\n`);
  return [...sections, ...own].join('');
}

/** `registry/repository` of the mirrors that an image may come from. */
export function mirrorsOf(
  conf: string,
  image: { readonly registry: string; readonly repository: string },
): readonly string[] {
  const name = `${image.registry}/${image.repository}`;
  const tables = readTables(conf).tables.filter(({ prefix }) => isBelow(name, prefix));
  // The longest one counts, and no other (host-contract §6.2).
  const [table] = tables.sort((one, other) => other.prefix.length - one.prefix.length);
  const [, ...mirrors] = table?.sections ?? [];
  const locations = [...(table?.sections.slice(0, 1) ?? []), ...mirrors].map(locationOf);
  return locations.flatMap((location) => {
    if (location === undefined || table === undefined) return [];
    return table.prefix.startsWith('*.') ? [location] : [`${location}${name.slice(table.prefix.length)}`];
  });
}

function isBelow(name: string, prefix: string): boolean {
  if (prefix.startsWith('*.')) return (name.split('/')[0] ?? '').endsWith(prefix.slice(1));
  return name === prefix || name.startsWith(`${prefix}/`);
}
