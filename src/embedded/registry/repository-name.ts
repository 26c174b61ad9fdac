import { EmbeddedError } from '../embedded-error.ts';

/**
 * Checks the name of a repository against the grammar of the distribution specification ("Pulling manifests"). A
 * name that passes is safe as a path below a folder: no component begins with a dot or an underscore.
 * @throws {EmbeddedError} code `NAME_INVALID`
 */
export function checkRepositoryName(name: string): string {
  if (name.length <= MAX_NAME && name.split('/').every((component) => COMPONENT.test(component))) return name;
  throw new EmbeddedError(
    'NAME_INVALID',
    `cannot use repository name ${JSON.stringify(name.slice(0, 300))}: write lower-case letters and digits, ` +
      'separated by ".", "_", "__" or "-", in components separated by "/"',
  );
}

/** Tells whether the text is a tag by the grammar of the distribution specification. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

const MAX_NAME = 255;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/u;
const TAG = /^\w[\w.-]{0,127}$/u;
