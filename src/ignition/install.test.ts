import assert from 'node:assert/strict';
import test from 'node:test';
import { IgnitionError, readInstall, readShippedInstall } from './index.ts';

const NOTHING = { wantedBy: [], requiredBy: [], upheldBy: [], alias: [], also: [] };

test('readInstall() reads every list and the default instance', () => {
  const text = `[Unit]
WantedBy=not.this
[Install]
WantedBy=a.target b.target
WantedBy=c.target
RequiredBy=d.target
UpheldBy=e.target
Alias="f.service" \\
  g.service
Also=h.socket
DefaultInstance=i
Unknown=x
`;
  assert.deepEqual(readInstall([text]), {
    wantedBy: ['a.target', 'b.target', 'c.target'],
    requiredBy: ['d.target'],
    upheldBy: ['e.target'],
    alias: ['f.service', 'g.service'],
    also: ['h.socket'],
    defaultInstance: 'i',
  });
});

test('readInstall() adds drop-ins, and lets an empty assignment reset a list', () => {
  const install = readInstall([
    '[Install]\nWantedBy=a.target\nAlias=x.service\nDefaultInstance=i\n',
    '[Install]\nWantedBy=\nWantedBy=b.target\nAlias=y.service\nDefaultInstance=\n',
  ]);
  assert.deepEqual(install, {
    ...NOTHING,
    wantedBy: ['b.target'],
    alias: ['x.service', 'y.service'],
  });
});

test('readInstall() of units without the section is empty', () => {
  assert.deepEqual(readInstall([]), NOTHING);
  assert.deepEqual(readInstall(['[Service]\nExecStart=/bin/true\n']), NOTHING);
});

test('readInstall() refuses a unit that does not parse', () => {
  assert.throws(
    () => readInstall(['[Install']),
    (error) => error instanceof IgnitionError && error.code === 'invalid-unit',
  );
});

test('readShippedInstall() reads units as systemd does where the validator refuses them', () => {
  const odd = [
    '[Unit]',
    `Description=${'x'.repeat(5000)}`,
    'no equals sign',
    '[Install]',
    'WantedBy=a.target \\',
    '# a comment inside a continuation, with a \\',
    '  ; another',
    '  b.target',
    'Alias=c.service',
    '[Broken',
    'Alias=d.service',
  ];
  assert.throws(() => readInstall([odd.join('\n')]), IgnitionError);
  const expected = { ...NOTHING, wantedBy: ['a.target', 'b.target'], alias: ['c.service'] };
  assert.deepEqual(readShippedInstall([odd.join('\n')]), expected);
  assert.deepEqual(readShippedInstall([`\uFEFF${odd.join('\r\n')}`]), expected);
  assert.deepEqual(readShippedInstall(['[Install]\nAlias=e.service \\']), {
    ...NOTHING,
    alias: ['e.service'],
  });
});

test('readShippedInstall() says of sound units what readInstall() says', () => {
  const sound = ['[Install]\nWantedBy=a.target\nAlias="f.service" \\\n  g.service\nDefaultInstance=i\n', ''];
  assert.deepEqual(readShippedInstall(sound), readInstall(sound));
});
