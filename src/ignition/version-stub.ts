import { decode } from './decode.ts';
import type { TypeFailure } from './decode.ts';
import type { Field, StructSpec } from './spec.ts';

const VERSION: Field = { name: 'Version', kind: 'string', goType: 'string', plain: true, of: undefined };
const IGNITION: Field = {
  name: 'Ignition',
  kind: 'struct',
  goType: 'struct { Version string }',
  of: { name: '', fields: [VERSION], byName: new Map([['version', VERSION]]), key: undefined },
};

/** What the real tool decodes before anything else: just the version, into structs with these names. */
const STUB: StructSpec = {
  name: 'versionStub',
  fields: [IGNITION],
  byName: new Map([['ignition', IGNITION]]),
  key: undefined,
};

/** The version a decoded value names in `ignition.version`; `failure` when the value has the wrong shape for one. */
export function namedVersion(value: unknown): {
  readonly version: string | undefined;
  readonly failure: TypeFailure | undefined;
} {
  const { value: stub, failure } = decode(STUB, value);
  const ignition = stub['Ignition'] as { readonly Version?: string } | undefined;
  return { version: ignition?.Version, failure };
}

/** The version a decoded value names in `ignition.version`, whether or not this room knows it. */
export function versionOf(value: unknown): string | undefined {
  const { version, failure } = namedVersion(value);
  return failure === undefined ? version : undefined;
}
