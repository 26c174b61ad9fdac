import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { parseValue } from '../../src/ignition/index.ts';
import { fakeBase } from '../../src/machineconfig/fake-base.ts';
import { place } from '../../src/machineconfig/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { skipWithout } from '../lab/requirements.ts';

/*
 * What the `var` plane and sysusers.d promise, kept by the real systemd-tmpfiles and systemd-sysusers on a root of their
 * own: two boots with one image, then one with another.
 */

const BASE = fakeBase({
  users: { core: { uid: 1000, gid: 1000, home: '/home/core' } },
  groups: { core: 1000 },
});

interface Host {
  readonly root: string;
  /** Puts an image's configuration in place of the last one's and boots. */
  boot(config: object): void;
  lstat(path: string): string;
  text(path: string): string;
}

function startHost(t: TestContext): Host {
  const root = mkdtempSync(join(tmpdir(), 'varve-node-'));
  atEnd(t, () => rmSync(root, { recursive: true, force: true }));
  const at = (path: string): string => join(root, path);
  mkdirSync(at('etc'), { recursive: true });
  mkdirSync(at('var'));
  writeFileSync(at('etc/passwd'), 'root:x:0:0::/root:/bin/sh\ncore:x:1000:1000::/var/home/core:/bin/sh\n');
  writeFileSync(at('etc/group'), 'root:x:0:\ncore:x:1000:\nwheel:x:10:\n');
  const run = (tool: string, ...args: string[]): void => {
    const { status, stderr } = spawnSync(tool, [`--root=${root}`, ...args], { encoding: 'utf8' });
    const complaints = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Creating '));
    assert.deepEqual({ status, complaints }, { status: 0, complaints: [] });
  };
  return {
    root,
    boot(config) {
      const outcome = parseValue({ ignition: { version: '3.5.0' }, ...config });
      assert.ok(outcome.ok, JSON.stringify(outcome.report));
      const placement = place({
        config: outcome.config,
        kernelArguments: [],
        fips: false,
        provenance: { of: () => ['test'], field: () => undefined },
        base: BASE,
      });
      rmSync(at('usr'), { recursive: true, force: true });
      for (const node of placement.nodes) {
        mkdirSync(dirname(at(node.path)), { recursive: true });
        if (node.type === 'file') {
          writeFileSync(at(node.path), node.contents);
          chmodSync(at(node.path), node.mode);
        } else if (node.type === 'symlink') symlinkSync(node.target, at(node.path));
      }
      if (placement.nodes.some(({ path }) => path.startsWith('/usr/lib/sysusers.d'))) run('systemd-sysusers');
      run('systemd-tmpfiles', '--create', '--remove', '--boot');
    },
    lstat(path) {
      const { mode, uid, gid } = statSync(at(path));
      return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
    },
    text: (path) => readFileSync(at(path), 'utf8'),
  };
}

function file(path: string, text: string, more: object = {}): object {
  return { path, overwrite: true, contents: { source: `data:,${encodeURIComponent(text)}` }, ...more };
}

test(
  'systemd-tmpfiles makes the files of the image at each boot, and follows the next image',
  { skip: skipWithout('systemd-tmpfiles') },
  (t) => {
    const host = startHost(t);
    const image = (text: string): object => ({
      storage: {
        files: [
          file('/var/lib/a b[1]%/x', text, { mode: 0o640, group: { id: 10 } }),
          file('/home/core/.config/app/x.conf', text, { user: { name: 'core' }, group: { name: 'core' } }),
          file('/home/core/root-file', text),
        ],
        directories: [{ path: '/var/lib/kept', mode: 0o700 }],
        links: [
          { path: '/var/lib/link', target: '/etc/a b', overwrite: true },
          { path: '/var/lib/dash', target: '-' },
        ],
      },
      passwd: { users: [{ name: 'core', sshAuthorizedKeys: [`ssh-ed25519 ${text}`] }] },
    });
    for (const text of ['one', 'one', 'two']) {
      host.boot(image(text));
      assert.equal(host.text('var/lib/a b[1]%/x'), text);
      assert.equal(host.text('var/home/core/.config/app/x.conf'), text);
      assert.equal(host.text('var/home/core/root-file'), text);
      assert.equal(host.text('var/home/core/.ssh/authorized_keys'), `ssh-ed25519 ${text}\n`);
    }
    assert.equal(host.lstat('var/lib/a b[1]%/x'), '640 0:10');
    assert.equal(host.lstat('var/home/core'), '700 1000:1000');
    assert.equal(host.lstat('var/home/core/.config/app'), '755 1000:1000');
    assert.equal(host.lstat('var/home/core/.ssh/authorized_keys'), '600 1000:1000');
    assert.equal(host.lstat('var/lib/kept'), '700 0:0');
  },
);

test(
  'systemd-tmpfiles leaves a directory that stands where a link should go, and what the configuration does not give',
  { skip: skipWithout('systemd-tmpfiles') },
  (t) => {
    const host = startHost(t);
    mkdirSync(join(host.root, 'var/lib/containers'), { recursive: true });
    writeFileSync(join(host.root, 'var/lib/containers/precious'), 'data');
    mkdirSync(join(host.root, 'var/lib/app'), { mode: 0o750 });
    host.boot({
      storage: {
        links: [{ path: '/var/lib/containers', target: '/data/containers' }],
        directories: [{ path: '/var/lib/app' }],
      },
    });
    assert.equal(host.text('var/lib/containers/precious'), 'data');
    assert.equal(host.lstat('var/lib/app'), '750 0:0');
  },
);

test(
  'systemd-sysusers makes the accounts of the configuration',
  { skip: skipWithout('systemd-sysusers') },
  (t) => {
    const host = startHost(t);
    host.boot({
      passwd: {
        groups: [{ name: 'ops', gid: 901 }],
        users: [
          {
            name: 'app',
            uid: 900,
            gecos: 'An app',
            homeDir: '/var/lib/app',
            shell: '/sbin/nologin',
            groups: ['wheel'],
          },
          { name: 'alice', primaryGroup: 'wheel' },
        ],
      },
    });
    assert.match(host.text('etc/passwd'), /^app:x:900:900:An app:\/var\/lib\/app:\/sbin\/nologin$/m);
    assert.match(host.text('etc/passwd'), /^alice:x:\d+:10::\/home\/alice:\/bin\/bash$/m);
    assert.match(host.text('etc/group'), /^ops:x:901:$/m);
    assert.match(host.text('etc/group'), /^wheel:x:10:app$/m);
    assert.match(host.lstat('var/home/alice'), /^700 \d+:10$/);
  },
);
