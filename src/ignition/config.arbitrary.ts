import fc from 'fast-check';
import type { Version } from './version.ts';

/**
 * Valid configs as decoded JSON, for property tests: every kind of member and list, no warnings about keys, keys of
 * lists unique.
 */
export function configValue(
  versions: readonly Version[] = ['3.0.0', '3.1.0', '3.2.0', '3.3.0', '3.4.0', '3.5.0', '3.6.0'],
): fc.Arbitrary<Record<string, unknown>> {
  return fc.constantFrom(...versions).chain((version) =>
    record({
      ignition: ignition(version),
      passwd: record({
        users: unique('name', {
          uid: fc.nat(9999),
          groups: words,
          sshAuthorizedKeys: words,
          system: fc.boolean(),
        }),
        groups: unique('name', { gid: fc.nat(9999), passwordHash: word }),
      }),
      storage: nodes(version),
      systemd: record({ units }),
      ...(version >= '3.3.0' ? { kernelArguments: record({ shouldExist: words }) } : {}),
    }).map((value) => Object.assign({ ignition: { version } }, value)),
  );
}

const word = fc.constantFrom('a', 'b', 'c', 'é', 'x y');
const words = fc.uniqueArray(word, { maxLength: 3 });

function record(
  members: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(members, { requiredKeys: [] });
}

function unique(
  key: string,
  members: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<readonly unknown[]> {
  const entry = fc.record({ [key]: word, ...members }, { requiredKeys: [key] });
  return fc.uniqueArray(entry, { selector: (value) => value[key], maxLength: 3 });
}

function ignition(version: Version): fc.Arbitrary<unknown> {
  const timeouts = record({ httpTotal: fc.nat(99), httpResponseHeaders: fc.nat(99) });
  const members = {
    timeouts,
    config: record({ replace: record({ source: fc.constantFrom('http://e/x', '') }) }),
    ...(version >= '3.1.0' ? { proxy: record({ httpProxy: fc.constant('http://p'), noProxy: words }) } : {}),
  };
  return record(members).map((value) => Object.assign(value, { version }));
}

const source = fc.constantFrom('data:,x', 'data:;base64,aGVsbG8=', 'http://e/x', '');
const contents = record({ source, compression: fc.constantFrom('', 'gzip') });
const owner = fc.oneof(record({ id: fc.nat(99) }), record({ name: fc.constantFrom('', 'root') }));

/** Distinct paths, shared out among files, directories and links, none below another. */
function nodes(version: Version): fc.Arbitrary<unknown> {
  const mode = fc.nat(version >= '3.6.0' ? 0o7777 : 0o777);
  const common = { user: owner, group: owner };
  const kinds = {
    files: record({ ...common, mode, contents, append: fc.array(contents, { maxLength: 2 }) }),
    directories: record({ ...common, mode, overwrite: fc.boolean() }),
    links: record(common).map((value) => Object.assign(value, { target: '/t' })),
  };
  const lists = Object.entries(kinds).map(([name, kind], index) => [
    name,
    fc
      .uniqueArray(fc.tuple(fc.nat(4), kind), { selector: ([number]) => number, maxLength: 3 })
      .map((entries) =>
        entries.map(([number, value]) => Object.assign(value, { path: `/${index}${number}` })),
      ),
  ]);
  return record(Object.fromEntries(lists) as Record<string, fc.Arbitrary<unknown>>);
}

const contentsText = fc.constantFrom('', '[Unit]\nDescription=x\n', '[Install]\nWantedBy=a.target\n');
const units = fc.uniqueArray(
  fc.record(
    {
      name: fc.constantFrom('a.service', 'b.socket', 't@.service', 't@x.service'),
      enabled: fc.boolean(),
      mask: fc.boolean(),
      contents: contentsText,
      dropins: fc.uniqueArray(
        fc.record(
          { name: fc.constantFrom('x.conf', 'y.conf'), contents: contentsText },
          { requiredKeys: ['name'] },
        ),
        { selector: (dropin) => dropin.name, maxLength: 2 },
      ),
    },
    { requiredKeys: ['name'] },
  ),
  { selector: (unit) => unit.name, maxLength: 3 },
);
