import { OPAQUE_TYPES } from './functions.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  UINT,
} from './type.ts';
import type { CelType } from './type.ts';

/** The types that an expression can name, and the names of their values (`type(1) == int`). */
const TYPES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ['bool', BOOL],
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['string', STRING],
  ['bytes', BYTES],
  ['dyn', DYN],
  ['null_type', NULL],
  ['list', listOf(DYN)],
  ['map', mapOf(DYN, DYN)],
  ['type', { kind: 'type', of: DYN }],
  ['optional_type', optionalOf(DYN)],
  ['google.protobuf.Timestamp', TIMESTAMP],
  ['google.protobuf.Duration', DURATION],
  ...Array.from(OPAQUE_TYPES.values(), (name): [string, CelType] => [name, { kind: 'opaque', name }]),
]);

/** The type of this name, if it is one's. */
export function typeNamed(name: string): CelType | undefined {
  return TYPES.get(name);
}

export function isTypeName(name: string): boolean {
  return TYPES.has(name);
}
