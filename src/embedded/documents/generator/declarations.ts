/** One interface, or one name for a simple type, of a Kubernetes declaration file. */
export interface Declaration {
  readonly name: string;
  readonly description: string;
  /** What the name stands for, where it is no interface: `string`, `JSONSchemaProps | boolean`. */
  readonly alias?: string;
  readonly members: readonly Member[];
}

/** One member of an interface. */
export interface Member {
  readonly name: string;
  readonly required: boolean;
  /** As written, on one line: `Array<Container>`, `{ [name: string]: Quantity }`, `"apps/v1"`. */
  readonly type: string;
  readonly description: string;
}

/**
 * Reads a declaration file of the package kubernetes-types: interfaces with one member a line (maps: three), aliases, doc
 * comments. The files are that regular; what is not so is an error that names the line, never skipped.
 */
export function readDeclarations(source: string): Declaration[] {
  const reader = new DeclarationReader(source.split('\n'));
  return reader.read();
}

class DeclarationReader {
  readonly #lines: readonly string[];
  #next = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  read(): Declaration[] {
    const declarations: Declaration[] = [];
    while (this.#next < this.#lines.length) {
      const description = this.#comment();
      const line = this.#take();
      if (line === '' || line.startsWith('import ') || line.startsWith('// ')) continue;
      const alias = /^export type (\w+) = (.+);$/.exec(line);
      const opened = /^export interface (\w+) \{(\}?)$/.exec(line);
      if (alias !== null)
        declarations.push({ name: group(alias, 1), description, alias: group(alias, 2), members: [] });
      else if (opened !== null) {
        declarations.push({
          name: group(opened, 1),
          description,
          members: group(opened, 2) === '}' ? [] : this.#members(),
        });
      } else this.#fail(line);
    }
    return declarations;
  }

  #members(): Member[] {
    const members: Member[] = [];
    for (;;) {
      const description = this.#comment();
      const line = this.#take();
      if (line === '}') return members;
      const member = /^(?:readonly )?(?:([\w$]+)|['"]([^'"]+)['"])(\??): (.+)$/.exec(line);
      if (member === null) return this.#fail(line);
      const type = group(member, 4);
      members.push({
        name: member[1] ?? group(member, 2),
        required: member[3] === '',
        type: type === '{' ? this.#map() : type.replace(/;$/, ''),
        description,
      });
    }
  }

  #map(): string {
    const line = this.#take();
    const value = /^\[name: string\]: (.+);$/.exec(line);
    if (value === null || this.#take() !== '};') return this.#fail(line);
    return `{ [name: string]: ${group(value, 1)} }`;
  }

  /** The text of the comment that begins here; '' if none does. */
  #comment(): string {
    const first = this.#lines[this.#next]?.trim() ?? '';
    if (!first.startsWith('/**')) return '';
    const lines: string[] = [];
    for (;;) {
      const line = this.#lines[this.#next++];
      if (line === undefined) return this.#fail(first);
      const ends = line.trimEnd().endsWith('*/');
      const text = line.replace(/^\s*(?:\/\*\*|\*(?!\/)) ?/, '').replace(/\s*\*\/\s*$/, '');
      lines.push(text);
      if (ends) return lines.join('\n').trim();
    }
  }

  #take(): string {
    return this.#lines[this.#next++]?.trim() ?? '';
  }

  #fail(line: string): never {
    throw new Error(`cannot read a declaration at line ${this.#next}: not understood: ${line}`);
  }
}

function group(match: RegExpExecArray, index: number): string {
  return match[index] ?? '';
}
