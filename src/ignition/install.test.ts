import assert from 'node:assert/strict';
import test from 'node:test';
import type { UnitInstall } from './index.ts';
import { combineInstalls, parseUnit, readInstall } from './index.ts';

function install(...texts: readonly string[]): UnitInstall {
  return combineInstalls(texts.map(readInstall));
}

const NOTHING = { wantedBy: [], requiredBy: [], upheldBy: [], alias: [], also: [] };

test('combineInstalls() reads every list and the default instance', () => {
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
  assert.deepEqual(install(text), {
    wantedBy: ['a.target', 'b.target', 'c.target'],
    requiredBy: ['d.target'],
    upheldBy: ['e.target'],
    alias: ['f.service', 'g.service'],
    also: ['h.socket'],
    defaultInstance: 'i',
  });
});

test('combineInstalls() adds drop-ins, and lets an empty assignment reset a list', () => {
  const both = install(
    '[Install]\nWantedBy=a.target\nAlias=x.service\nDefaultInstance=i\n',
    '[Install]\nWantedBy=\nWantedBy=b.target\nAlias=y.service\nDefaultInstance=\n',
  );
  assert.deepEqual(both, {
    ...NOTHING,
    wantedBy: ['b.target'],
    alias: ['x.service', 'y.service'],
  });
});

test('readInstall() of units without the section is empty', () => {
  assert.deepEqual(install(), NOTHING);
  assert.deepEqual(readInstall('[Service]\nExecStart=/bin/true\n'), []);
});

test('readInstall() reads units as systemd does where the validator refuses them', () => {
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
  assert.equal(parseUnit(odd.join('\n')).ok, false);
  const expected = { ...NOTHING, wantedBy: ['a.target', 'b.target'], alias: ['c.service'] };
  assert.deepEqual(install(odd.join('\n')), expected);
  assert.deepEqual(install(`\uFEFF${odd.join('\r\n')}`), expected);
  assert.deepEqual(install('[Install]\nAlias=e.service \\'), { ...NOTHING, alias: ['e.service'] });
});
