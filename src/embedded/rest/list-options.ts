import { forbiddenValue, unsupportedValue, type FieldError } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import type { ObjectKey } from '../store/index.ts';
import { isTrue } from './request-options.ts';
import { readLabelSelector, type LabelRequirements } from './label-requirements.ts';
import { readFieldSelector, type FieldRequirements } from './field-requirements.ts';
import { StatusError, badRequest, invalidOptions } from '../status/index.ts';

/** Which objects of a kind a list or a watch is about. */
export interface Selection {
  readonly kind: Kind;
  /** '' for all namespaces, and for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labels: LabelRequirements;
  readonly fields: FieldRequirements;
}

/** Where the only object is stored that a selection can hold; undefined where it may hold others. */
export function onlyKeyOf({ kind, namespace, fields }: Selection): ObjectKey | undefined {
  if (fields.name === undefined) return undefined;
  const { storage } = kind;
  if (!kind.namespaced) return { storage, namespace: '', name: fields.name };
  const within = namespace === '' ? (fields.namespace ?? '') : namespace;
  return within === '' ? undefined : { storage, namespace: within, name: fields.name };
}

/** ListOptions, as the query has them. */
export interface ListOptions {
  readonly selection: Selection;
  readonly limit: number | undefined;
  readonly continueToken: string | undefined;
  /** As it was given; undefined where it was not. */
  readonly resourceVersion: string | undefined;
  readonly match: 'Exact' | 'NotOlderThan' | undefined;
  readonly sendInitialEvents: boolean | undefined;
  readonly allowBookmarks: boolean;
  /** Seconds. */
  readonly timeoutSeconds: number | undefined;
}

/**
 * Reads the options of a list, a watch or a deletecollection.
 *
 * @param name selects one object, as the old watch paths do; '' for none
 * @throws StatusError 400, 422
 */
export function readListOptions(
  kind: Kind,
  namespace: string,
  name: string,
  query: URLSearchParams,
  isWatch: boolean,
): ListOptions {
  const fieldText = [query.get('fieldSelector') ?? '', ...(name === '' ? [] : [`metadata.name=${name}`])]
    .filter((text) => text !== '')
    .join(',');
  const selection: Selection = {
    kind,
    namespace,
    labels: readLabelSelector(query.get('labelSelector')),
    fields: readFieldSelector(fieldText, kind.selectableFields, (field) => unknownField(kind, field)),
  };
  const limit = readInteger(query, 'limit');
  const resourceVersion = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.get('sendInitialEvents');
  const sendInitialEvents = initial === null ? undefined : isTrue(initial);
  checkMatch(resourceVersion, match, sendInitialEvents, query.get('continue') ?? '', isWatch);
  if (resourceVersion !== '' && !/^\d{1,19}$/.test(resourceVersion)) {
    const text = JSON.stringify(resourceVersion.slice(0, 100));
    const message = `resourceVersion: Invalid value: ${text}: strconv.ParseUint: parsing ${text}: invalid syntax`;
    throw isWatch ? new StatusError(500, undefined, message) : badRequest(message);
  }
  const continueToken = query.get('continue') ?? '';
  if (continueToken !== '' && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return {
    selection,
    limit: limit === undefined || limit <= 0 ? undefined : limit,
    continueToken: continueToken === '' ? undefined : continueToken,
    resourceVersion: resourceVersion === '' ? undefined : resourceVersion,
    match: match === 'Exact' || match === 'NotOlderThan' ? match : undefined,
    sendInitialEvents,
    allowBookmarks: isTrue(query.get('allowWatchBookmarks')),
    timeoutSeconds: readInteger(query, 'timeoutSeconds'),
  };
}

/** Kinds whose fields are known by a table refuse in these words; all others name the two that every kind has. */
function unknownField(kind: Kind, field: string): string {
  if (kind.custom || kind.selectableFields.length > 0) return `field label not supported: ${field}`;
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function checkMatch(
  resourceVersion: string,
  match: string,
  sendInitialEvents: boolean | undefined,
  continueToken: string,
  isWatch: boolean,
): void {
  const errors: FieldError[] = [];
  const forbid = (field: string, detail: string): void => {
    errors.push(forbiddenValue(field, detail));
  };
  if (isWatch) {
    if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
      forbid(
        'resourceVersionMatch',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      );
    } else if (match !== '' && sendInitialEvents === undefined) {
      forbid(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      );
    }
  } else {
    if (sendInitialEvents !== undefined)
      forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list');
    if (match !== '') {
      if (continueToken !== '')
        forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
      if (resourceVersion === '') {
        forbid(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden unless resourceVersion is provided',
        );
      }
      if (match !== 'Exact' && match !== 'NotOlderThan') {
        errors.push(unsupportedValue('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
      }
      if (match === 'Exact' && resourceVersion === '0') {
        forbid('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
      }
    }
  }
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
}

function readInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^[-+]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text.slice(0, 100))}: invalid syntax`);
  return value;
}
