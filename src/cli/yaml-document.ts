import type { Document, Node, ScalarTag } from 'yaml';
import { isCollection, isMap, LineCounter, parseAllDocuments } from 'yaml';
import { CliError } from './cli-error.ts';

/** Where something stands in a text file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One YAML (or JSON) document of a file. */
export interface YamlDocument {
  readonly file: string;
  readonly value: unknown;
  /** The position of the value at a path, or of its nearest parent that is there. */
  position(path: readonly (string | number)[]): Position;
}

/** `0644` is octal for kubectl, which reads YAML 1.1, and decimal 644 in YAML 1.2. */
const legacyOctal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[0-7]+$/u,
  resolve: (text) => {
    const value = Number.parseInt(text.replace(/^[-+]/u, ''), 8);
    return text.startsWith('-') ? -value : value;
  },
  identify: () => false,
};

/** The words that are booleans for kubectl and strings in YAML 1.2. */
const legacyBoolean: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/u,
  resolve: (text) => /^(?:y|on)/iu.test(text),
  identify: () => false,
};

/** A document of a megabyte with no aliases at all is normal, one with hundreds of aliases is an attack. */
const MAX_ALIASES = 100;

/**
 * Reads every document of a file as kubectl would: octal modes, `yes` and `on`, merge keys; empty documents are passed
 * over.
 *
 * @throws CliError `input` with file, line and column of the first syntax error.
 */
export function readYamlDocuments(file: string, text: string): readonly YamlDocument[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    customTags: (tags) => [legacyOctal, legacyBoolean, ...tags],
  });
  const documents: YamlDocument[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const [error] = document.errors;
    if (error !== undefined) {
      const at = lines.linePos(error.pos[0]);
      throw new CliError(
        'input',
        `cannot read ${file}: line ${at.line}, column ${at.col}: ${error.message}`,
        {
          cause: error,
        },
      );
    }
    if (document.contents === null) continue;
    documents.push({
      file,
      value: toValue(file, document),
      position: (path) => positionOf(document, lines, path),
    });
  }
  return documents;
}

function toValue(file: string, document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (cause) {
    throw new CliError(
      'input',
      `cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function positionOf(
  document: Document.Parsed,
  lines: LineCounter,
  path: readonly (string | number)[],
): Position {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      // The key is where a person looks, and it is there when the value is empty.
      const pair = node.items.find(
        (item) => String((item.key as { value?: unknown } | null)?.value) === String(step),
      );
      const key = pair?.key as Node | null | undefined;
      if (key?.range === undefined || key.range === null) break;
      [offset] = key.range;
    }
    const child = node.get(step, true) as Node | null | undefined;
    if (child === undefined || child === null) break;
    if (!isMap(node) && child.range) [offset] = child.range;
    node = child;
  }
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
