import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeBase } from './fake-base.ts';
import { fakeBase } from './fake-base.ts';
import type { ImageNode } from './plane.ts';
import { UnitFiles } from './unit-files.ts';

const ETC = '/etc/systemd/system';
const USR = '/usr/lib/systemd/system';

const A: NonNullable<FakeBase['units']> = {
  'a.service': { path: `${USR}/a.service`, install: { wantedBy: ['main'] } },
};
const TEMPLATE: NonNullable<FakeBase['units']> = {
  'a@.service': { path: `${USR}/a@.service`, install: { wantedBy: ['main'] } },
};

function wants(...targets: readonly string[]): string {
  return ['[Install]', ...targets.map((target) => `WantedBy=${target}`), ''].join('\n');
}

function dropins(unit: string, texts: Readonly<Record<string, string>>): NonNullable<FakeBase['dropins']> {
  return { [unit]: texts };
}

/** What wants the unit, as `path: targets`; the configuration's files by path, `-> target` for a link. */
function found(name: string, base: FakeBase, configuration: Readonly<Record<string, string>> = {}): string {
  const nodes = Object.entries(configuration).map(([path, text]): [string, ImageNode] => [
    path,
    text.startsWith('-> ')
      ? { type: 'symlink', path, target: text.slice(3), uid: 0, gid: 0 }
      : { type: 'file', path, mode: 0o644, uid: 0, gid: 0, contents: Buffer.from(text) },
  ]);
  const unit = new UnitFiles(fakeBase(base), new Map(nodes)).find(name);
  return unit === undefined ? 'nothing' : `${unit.path}: ${unit.install.wantedBy.join(' ')}`;
}

test('UnitFiles.find() reads drop-ins in the order of their names, wherever they lie and whoever has them', () => {
  const base: FakeBase = {
    units: A,
    dropins: dropins('a.service', {
      [`${USR}/a.service.d/20.conf`]: wants('', 'twenty'),
      [`${ETC}/a.service.d/10.conf`]: wants('ten'),
    }),
  };
  assert.equal(found('a.service', base), `${USR}/a.service: twenty`);
  assert.equal(
    found('a.service', base, {
      [`${ETC}/a.service.d/15.conf`]: wants('lost'),
      [`${USR}/a.service.d/é.conf`]: wants('last'),
      [`${ETC}/a.service.d/30.conf`]: wants('thirty'),
    }),
    `${USR}/a.service: twenty thirty last`,
  );
});

test('UnitFiles.find() takes of drop-ins of one name the one in /etc, and of the configuration before the base', () => {
  const base: FakeBase = {
    units: A,
    dropins: dropins('a.service', {
      [`${USR}/a.service.d/10.conf`]: wants('usr'),
      [`${ETC}/a.service.d/10.conf`]: wants('etc'),
      [`${USR}/a.service.d/20.conf`]: wants('twenty'),
    }),
  };
  assert.equal(found('a.service', base), `${USR}/a.service: main etc twenty`);
  assert.equal(
    found('a.service', base, { [`${USR}/a.service.d/10.conf`]: wants('late') }),
    `${USR}/a.service: main etc twenty`,
  );
  assert.equal(
    found('a.service', base, {
      [`${ETC}/a.service.d/10.conf`]: wants('ours'),
      [`${USR}/a.service.d/20.conf`]: wants('ours-too'),
    }),
    `${USR}/a.service: main ours ours-too`,
  );
  assert.equal(
    found('a.service', base, { [`${ETC}/a.service.d/20.conf`]: '-> /dev/null' }),
    `${USR}/a.service: main etc`,
  );
});

test('UnitFiles.find() leaves the drop-ins of the base to a unit that the configuration writes anew', () => {
  const base: FakeBase = {
    units: A,
    dropins: dropins('a.service', { [`${USR}/a.service.d/10.conf`]: wants('ten') }),
  };
  const ours = { [`${ETC}/a.service`]: wants('ours') };
  assert.equal(found('a.service', base, ours), `${ETC}/a.service: ours ten`);
});

test('UnitFiles.find() takes a unit of /etc before one of /usr/lib', () => {
  const inEtc: FakeBase = {
    units: { 'a.service': { path: `${ETC}/a.service`, install: { wantedBy: ['base'] } } },
  };
  assert.equal(found('a.service', inEtc, { [`${USR}/a.service`]: wants('ours') }), `${ETC}/a.service: base`);
  assert.equal(found('a.service', inEtc, { [`${ETC}/a.service`]: wants('ours') }), `${ETC}/a.service: ours`);
  assert.equal(
    found('a.service', { units: A }, { [`${USR}/a.service`]: wants('ours') }),
    `${USR}/a.service: ours`,
  );
});

test('UnitFiles.find() reads the drop-ins of an instance before those of its template', () => {
  const base: FakeBase = {
    units: TEMPLATE,
    dropins: {
      'a@.service': {
        [`${ETC}/a@.service.d/10.conf`]: wants('template-ten'),
        [`${USR}/a@.service.d/09.conf`]: wants('template-nine'),
      },
      'a@i.service': { [`${USR}/a@i.service.d/10.conf`]: wants('instance-ten') },
    },
  };
  assert.equal(found('a@i.service', base), `${USR}/a@.service: main template-nine instance-ten`);
  assert.equal(found('a@.service', base), `${USR}/a@.service: main template-nine template-ten`);
  assert.equal(found('a@j.service', base), `${USR}/a@.service: main template-nine template-ten`);
  const own = { [`${ETC}/a@i.service`]: wants('own') };
  assert.equal(found('a@i.service', base, own), `${ETC}/a@i.service: own template-nine instance-ten`);
});

test('UnitFiles.find() reads the drop-ins of what an alias of the base stands for', () => {
  const base: FakeBase = {
    units: { 'b.service': { path: `${USR}/a.service`, install: { wantedBy: ['main'] } } },
    dropins: {
      'a.service': { [`${USR}/a.service.d/10.conf`]: wants('own') },
      'b.service': { [`${USR}/b.service.d/10.conf`]: wants('alias') },
    },
  };
  assert.equal(found('b.service', base), `${USR}/a.service: main own`);
});

test('UnitFiles.find() passes over what is no drop-in, or of no unit', () => {
  const base: FakeBase = {
    units: A,
    dropins: dropins('a.service', { [`${USR}/a.service.d/.10.conf`]: wants('hidden') }),
  };
  assert.equal(
    found('a.service', base, {
      [`${ETC}/a.service.d/10.txt`]: wants('text'),
      [`${ETC}/a.service.d/.20.conf`]: wants('hidden'),
      [`${ETC}/a.service.d/d/10.conf`]: wants('deep'),
      [`${ETC}/service.d/10.conf`]: wants('of-the-type'),
      [`/etc/systemd/user/a.service.d/10.conf`]: wants('of-users'),
    }),
    `${USR}/a.service: main`,
  );
  assert.equal(found('b.service', base, { [`${ETC}/b.service.d/10.conf`]: wants('nobody') }), 'nothing');
  assert.equal(found('toString', base), 'nothing');
});
