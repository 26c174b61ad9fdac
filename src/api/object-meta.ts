import { labelValueProblem, qualifiedNameProblem, subdomainProblem } from './names.ts';
import type { ObjectReader } from './object-reader.ts';
import type { JsonValue } from '../ignition/index.ts';

/** The metadata of an object. Members that Varve has no use for are kept as they are. */
export interface ObjectMeta {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [member: string]: JsonValue | undefined;
}

/** What a server writes, or another client may have written; nothing that rendering depends on. */
const OTHER_MEMBERS = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generation',
  'managedFields',
  'namespace',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
] as const;

/** Keys and values together (apimachinery, TotalAnnotationSizeLimitB). */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** Reads `metadata`; the name is required, since nobody is there to generate one. */
export function readObjectMeta(object: ObjectReader): ObjectMeta {
  const metadata = object.requiredObject('metadata');
  if (metadata === undefined) return { name: '' };
  if (metadata.value('generateName') !== undefined && metadata.value('name') === undefined) {
    metadata.problems.add(metadata.field('generateName'), 'not supported; write metadata.name');
    return { name: '' };
  }
  const name = metadata.requiredString('name', subdomainProblem);
  const others = metadata.members([...OTHER_MEMBERS, 'generateName']);
  const labels = metadata.stringMap('labels');
  const annotations = metadata.stringMap('annotations');
  for (const [key, value] of Object.entries(labels ?? {})) {
    const field = [...metadata.field('labels'), key];
    const problem = qualifiedNameProblem(key) ?? labelValueProblem(value);
    if (problem !== undefined) metadata.problems.add(field, problem);
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    // The server compares annotation keys in lower case, so that an upper-case prefix passes.
    const problem = qualifiedNameProblem(key.toLowerCase());
    if (problem !== undefined) metadata.problems.add([...metadata.field('annotations'), key], problem);
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    metadata.problems.add(
      metadata.field('annotations'),
      `must have at most ${MAX_ANNOTATION_BYTES} bytes in all, has ${bytes}`,
    );
  }
  metadata.end();
  return {
    ...others,
    name,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
