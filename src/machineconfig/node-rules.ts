import { pathOfGlob, readTmpfiles } from './read-tmpfiles.ts';
import type { TmpfilesLine } from './tmpfiles.ts';

/** Mode and owner of a path of the node, as far as the image says them. Owners are names or numbers of the node. */
export interface NodeAttributes {
  readonly mode: number | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** What an image says of one path below the node's /var, /run or /tmp: one or two lines of its tmpfiles.d file. */
export type NodeRule =
  /** `keep`: the content of one that is there already stays. */
  | {
      readonly type: 'file';
      readonly path: string;
      /** Where the image has its content; undefined: an empty file that is made where it is missing. */
      readonly source: string | undefined;
      readonly keep: boolean;
      readonly given: NodeAttributes;
      /** What one that has to be made gets beyond that. */
      readonly made: NodeAttributes;
    }
  | {
      readonly type: 'directory';
      readonly path: string;
      readonly given: NodeAttributes;
      readonly made: NodeAttributes;
    }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string; readonly keep: boolean }
  /** A directory of the image's /etc with another mode or owner than the base's. */
  | { readonly type: 'attributes'; readonly path: string; readonly given: NodeAttributes };

/**
 * The rules of an image's tmpfiles.d file, in its order.
 *
 * @returns undefined where the file is of a form that this version does not know
 */
export function nodeRules(tmpfiles: string): readonly NodeRule[] | undefined {
  const lines = readTmpfiles(tmpfiles);
  if (lines === undefined) return undefined;
  const replaced = new Set<string>();
  const rules: NodeRule[] = [];
  for (const line of lines) {
    if (line.type === 'r!') replaced.add(pathOfGlob(line.path));
    else {
      const rule = ruleOf(line, !replaced.has(line.path));
      if (rule === undefined) return undefined;
      rules.push(rule);
    }
  }
  return rules;
}

function ruleOf(line: TmpfilesLine, keep: boolean): NodeRule | undefined {
  const { type, path, argument } = line;
  const given = attributes(line, (value) => !value.startsWith(':'));
  const made = attributes(line, () => true);
  switch (type) {
    case 'C':
      return argument === undefined ? undefined : { type: 'file', path, source: argument, keep, given, made };
    case 'f':
      return argument === undefined
        ? { type: 'file', path, source: undefined, keep: true, given, made }
        : undefined;
    case 'd':
      return { type: 'directory', path, given, made };
    case 'L':
      return argument === undefined ? undefined : { type: 'symlink', path, target: argument, keep };
    case 'z':
      return { type: 'attributes', path: pathOfGlob(path), given };
    default:
      return undefined;
  }
}

/** A part with a colon is only for what has to be made (tmpfiles.d(5)). */
function attributes({ mode, user, group }: TmpfilesLine, counts: (value: string) => boolean): NodeAttributes {
  const part = (value: string | undefined): string | undefined =>
    value !== undefined && counts(value) ? value.replace(/^:/u, '') : undefined;
  const octal = part(mode);
  return {
    mode: octal === undefined ? undefined : Number.parseInt(octal, 8),
    user: part(user),
    group: part(group),
  };
}
