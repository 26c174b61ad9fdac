import assert from 'node:assert/strict';
import test from 'node:test';
import { IgnitionError, readInstall } from './index.ts';

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
