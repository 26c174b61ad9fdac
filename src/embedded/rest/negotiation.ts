import { parseAccept } from '../documents/index.ts';
import { StatusError } from '../status/index.ts';

/** How an answer is written. */
export interface Representation {
  readonly encoding: 'json' | 'yaml';
  /** The object itself, a Table of it, or its metadata alone. */
  readonly as: 'object' | 'table' | 'metadata';
}

/** What is to be represented. */
export interface AnswerType {
  /** `PartialObjectMetadata` and `PartialObjectMetadataList` are asked for apart. */
  readonly isList: boolean;
  /** As messages name it: `*core.ConfigMapList`. */
  readonly goType: string;
}

const SINGLE: AnswerType = { isList: false, goType: '' };

const SERVED = 'application/json, application/yaml';

/**
 * Picks the representation that `Accept` prefers among those that are served (kubernetes-api §3). Protobuf is not: with a
 * JSON alternative, as every client sends it, JSON is the answer.
 *
 * @throws StatusError 406
 */
export function negotiate(accept: string | undefined, answer: AnswerType = SINGLE): Representation {
  let transformed = false;
  for (const { type, parameters } of parseAccept(accept)) {
    const encoding = encodingOf(type);
    if (encoding === undefined) continue;
    const as = parameters.get('as');
    if (as === undefined) return { encoding, as: 'object' };
    transformed = true;
    const found = transformation(as, parameters);
    if (found === 'table') return { encoding, as: found };
    if (found === 'metadata') return { encoding, as: metadataFor(as, answer) };
  }
  if (transformed) {
    throw new StatusError(
      406,
      'NotAcceptable',
      `only the following media types are accepted: ${SERVED}, application/vnd.kubernetes.protobuf`,
    );
  }
  throw notAcceptable();
}

function encodingOf(type: string): 'json' | 'yaml' | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
  return type === 'application/yaml' ? 'yaml' : undefined;
}

function transformation(
  as: string,
  parameters: ReadonlyMap<string, string>,
): 'table' | 'metadata' | undefined {
  if (parameters.get('g') !== 'meta.k8s.io') return undefined;
  const version = parameters.get('v');
  if (version !== 'v1' && version !== 'v1beta1') return undefined;
  if (as === 'Table') return 'table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'metadata' : undefined;
}

/** @throws StatusError 406 where a list is asked for as one object, or one object as a list */
function metadataFor(as: string, { isList, goType }: AnswerType): 'metadata' {
  if ((as === 'PartialObjectMetadataList') === isList) return 'metadata';
  const is = isList ? 'a list' : 'not a list';
  throw new StatusError(
    406,
    'NotAcceptable',
    `you requested ${as}, but the requested object is ${is} (${goType})`,
  );
}

function notAcceptable(): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${SERVED}, application/vnd.kubernetes.protobuf`,
    {},
  );
}
