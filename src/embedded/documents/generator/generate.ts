import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Definition, Definitions } from '../definition.ts';
import { type Declaration, readDeclarations } from './declarations.ts';
import { FactBook } from './fact-book.ts';
import { DECLARATION_FILES, factName, GONE, ROOTS, SHARED_KINDS } from './names.ts';
import { INT_OR_STRING, INT_OR_STRING_DEFINITION, SIMPLE_TYPES } from './simple-types.ts';

const LATER = join(dirname(fileURLToPath(import.meta.url)), 'later');

/**
 * The definitions of the built-in kinds and of all that they refer to, from the package kubernetes-types, the fields that
 * came later (folder `later`), and the tables of facts that declarations cannot express. Throws where a fact names nothing.
 */
export function generateDefinitions(): Definitions {
  const files = new Map(Object.keys(DECLARATION_FILES).map((file) => [file, readFile(file)]));
  const facts = new FactBook();
  const definitions: Record<string, Definition> = {};
  const pending: [file: string, name: string][] = [];
  for (const [file, names] of Object.entries(ROOTS)) {
    for (const name of names) {
      pending.push([file, name]);
      if (files.get(file)?.has(`${name}List`) === true) pending.push([file, `${name}List`]);
    }
  }
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [file, name] = next;
    const full = fullName(file, name);
    if (definitions[full] !== undefined) continue;
    const declaration = files.get(file)?.get(name);
    if (declaration === undefined) throw new Error(`cannot find the declaration of ${full}`);
    const references = (other: string): string => {
      const found = resolve(files, file, other);
      pending.push([found, other]);
      return fullName(found, other);
    };
    definitions[full] = define(factName(file, name), full, declaration, facts, references);
  }
  definitions[INT_OR_STRING] = INT_OR_STRING_DEFINITION;
  facts.assertAllUsed();
  return Object.fromEntries(Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The definitions as they are committed: compact, one on each line. */
export function definitionsText(definitions: Definitions): string {
  const lines = Object.entries(definitions).map(
    ([name, definition]) => `${JSON.stringify(name)}:${JSON.stringify(definition)}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** The declarations of a file, with the members that newer versions of Kubernetes added. */
function readFile(file: string): Map<string, Declaration> {
  const root = dirname(createRequire(import.meta.url).resolve('kubernetes-types/package.json'));
  const declarations = new Map(read(join(root, `${file}.d.ts`)).map((each) => [each.name, each]));
  for (const later of read(join(LATER, `${file.replace('/', '-')}.d.ts`))) {
    const known = declarations.get(later.name);
    const members = [...(known?.members ?? []), ...later.members].filter(
      (member) => !GONE.includes(`${factName(file, later.name)}.${member.name}`),
    );
    members.sort((a, b) => (a.name < b.name ? -1 : 1));
    declarations.set(later.name, { ...later, ...known, members });
  }
  return declarations;
}

function read(path: string): Declaration[] {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    if (path.startsWith(LATER)) return [];
    throw error;
  }
  return readDeclarations(source);
}

/** In which file a name that `file` uses is declared: there, else in one that it imports from. */
function resolve(
  files: ReadonlyMap<string, ReadonlyMap<string, Declaration>>,
  file: string,
  name: string,
): string {
  if (files.get(file)?.has(name) === true) return file;
  const found = ['meta/v1', 'core/v1', 'api/resource', 'runtime'].find(
    (each) => files.get(each)?.has(name) === true,
  );
  if (found === undefined) throw new Error(`cannot find ${name}, which ${file} uses`);
  return found;
}

function fullName(file: string, name: string): string {
  const prefix = DECLARATION_FILES[file];
  if (prefix === undefined) throw new Error(`no declaration file ${file}`);
  return `${prefix}.${name}`;
}

function define(
  fact: string,
  full: string,
  declaration: Declaration,
  facts: FactBook,
  references: (name: string) => string,
): Definition {
  const described = declaration.description === '' ? {} : { description: declaration.description };
  const simple = SIMPLE_TYPES[full];
  if (simple !== undefined) return { ...described, ...simple };
  if (declaration.alias !== undefined) throw new Error(`cannot tell what ${full} is: ${declaration.alias}`);
  const required = declaration.members.filter((member) => member.required).map((member) => member.name);
  const properties = declaration.members.map((member) => {
    const type = defineType(`${fact}.${member.name}`, member.type, facts, references);
    return [
      member.name,
      { ...(member.description === '' ? {} : { description: member.description }), ...type },
    ] as const;
  });
  return {
    ...described,
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...facts.ofType(fact),
    ...kindOf(fact, declaration),
  };
}

/** The group, version and kind that the declaration's own apiVersion and kind allow. */
function kindOf(
  fact: string,
  { name, members }: Declaration,
): Pick<Definition, 'x-kubernetes-group-version-kind'> {
  if (SHARED_KINDS.includes(fact)) {
    return { 'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: name }] };
  }
  const literal = (member: string): string | undefined =>
    /^"(.*)"$/.exec(members.find((each) => each.name === member)?.type ?? '')?.[1];
  const apiVersion = literal('apiVersion');
  const kind = literal('kind');
  if (apiVersion === undefined || kind === undefined) return {};
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return { 'x-kubernetes-group-version-kind': [{ group, version: apiVersion.slice(slash + 1), kind }] };
}

function defineType(
  fact: string,
  type: string,
  facts: FactBook,
  references: (name: string) => string,
): Definition {
  const item = /^Array<(.+)>$/.exec(type)?.[1];
  if (item !== undefined) {
    return { type: 'array', items: defineElement(fact, item, facts, references), ...facts.ofList(fact) };
  }
  const value = /^\{ \[name: string\]: (.+) \}$/.exec(type)?.[1];
  if (value !== undefined) {
    const additionalProperties = defineElement(fact, value, facts, references);
    return { type: 'object', additionalProperties, ...facts.ofMember(fact) };
  }
  return { ...defineElement(fact, type, facts, references), ...facts.ofMember(fact) };
}

/** What a member holds, or each item of its list, or each value of its map. */
function defineElement(
  fact: string,
  type: string,
  facts: FactBook,
  references: (name: string) => string,
): Definition {
  if (type === 'number') return facts.ofNumber(fact);
  if (type === 'string' || type.startsWith('"')) return { type: 'string', ...facts.ofString(fact) };
  if (type === 'boolean') return { type: 'boolean' };
  if (type === 'number | string') return { $ref: INT_OR_STRING };
  const item = /^Array<(.+)>$/.exec(type)?.[1];
  if (item !== undefined) {
    const items = defineElement(fact, item, facts, references);
    return { type: 'array', items, 'x-kubernetes-list-type': 'atomic' };
  }
  if (!/^\w+$/.test(type)) throw new Error(`cannot read the type of ${fact}: ${type}`);
  return { $ref: references(type) };
}
