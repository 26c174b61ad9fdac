import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ImageNode, Placement } from '../machineconfig/index.ts';
import { visibleConfiguration } from './visible-configuration.ts';

type Given = Pick<Placement, 'items' | 'nodes' | 'removals'>;

const META = { mode: 0o644, uid: 0, gid: 0 } as const;

function file(path: string): ImageNode {
  return { type: 'file', path, ...META, contents: Buffer.from(path) };
}

function directory(path: string): ImageNode {
  return { type: 'directory', path, ...META };
}

function given(nodes: readonly ImageNode[], more: Partial<Given> = {}): Given {
  return { nodes, items: [], removals: [], ...more };
}

function seen(nodes: readonly ImageNode[], ...texts: string[]): readonly string[] {
  return visibleConfiguration(given(nodes), texts).nodes.map(({ path }) => path);
}

/** A text, and a file of the configuration that a build with that text can depend on. */
const SEEN: Readonly<Record<string, readonly [text: string, path: string]>> = {
  'a repository of packages': ['', '/etc/yum.repos.d/site.repo'],
  'a source of packages': ['', '/etc/apt/sources.list.d/site.list'],
  'an authority': ['', '/etc/pki/ca-trust/source/anchors/site.crt'],
  'a mirror of images': ['', '/etc/containers/registries.conf'],
  'a path that is mentioned': ['RUN cp /etc/site.conf /etc/other.conf', '/etc/site.conf'],
  'a path in quotes': ['RUN cat "/etc/site.conf"', '/etc/site.conf'],
  'a path below one that is mentioned': ['RUN cp -r /etc/site /srv', '/etc/site/a/b.conf'],
  'a path below one with a slash at its end': ['COPY --from=configs /etc/site/ /x/', '/etc/site/a'],
  'what a working directory is': ['WORKDIR /etc/site\nRUN cat a', '/etc/site/a'],
  'what begins like a path with a wildcard': ['RUN cat /etc/site*.conf', '/etc/site-1.conf'],
  'what begins like a path with a variable': ['RUN cat /etc/site.d/$NAME', '/etc/site.d/a.conf'],
  'what begins like a path with alternatives': ['RUN cat /etc/{a,b}.conf', '/etc/a.conf'],
  'anything below the root that is mentioned': ['RUN find / -name x', '/etc/site.conf'],
  'anything for a path of a variable alone': ['RUN cat /$FILE', '/etc/site.conf'],
  'a path over two lines': ['RUN cat \\\n  /etc/site.conf', '/etc/site.conf'],
  'a unit by its name': ['RUN systemctl enable site.service', '/etc/systemd/system/site.service'],
  'a path after an equals sign': ['ENV CONFIG=/etc/site.conf', '/etc/site.conf'],
  'a path after a colon': ['RUN x --volume a:/etc/site.conf:ro', '/etc/site.conf'],
};

describe('visibleConfiguration() shows a build', () => {
  for (const [what, [text, path]] of Object.entries(SEEN)) {
    test(what, () => assert.deepEqual(seen([file(path)], text), [path]));
  }
});

const HIDDEN: Readonly<Record<string, readonly [text: string, path: string]>> = {
  'a file that nothing names': ['RUN dnf install -y autofs', '/etc/motd'],
  'a path that only begins like one that is mentioned': ['RUN cat /etc/site', '/etc/site.conf'],
  'a directory beside one that is mentioned': ['RUN cat /etc/site/a', '/etc/site/b'],
  'a short name that is a word': ['RUN set -e', '/etc/set'],
};

describe('visibleConfiguration() hides from a build', () => {
  for (const [what, [text, path]] of Object.entries(HIDDEN)) {
    test(what, () => assert.deepEqual(seen([file(path)], text), []));
  }
});

test('visibleConfiguration() heeds the annotation as it does the Containerfile', () => {
  assert.deepEqual(seen([file('/etc/a/b'), file('/etc/c')], 'RUN true', '/etc/a, /etc/x'), ['/etc/a/b']);
});

test('visibleConfiguration() shows an item that is called by where it will be on the node', () => {
  const path = '/usr/lib/varve/var/lib/site/key';
  const items = [{ target: '/var/lib/site/key', paths: [path] }] as unknown as Placement['items'];
  const found = visibleConfiguration(given([file(path)], { items }), ['RUN ls /var/lib/site']);
  assert.deepEqual(found.nodes, [file(path)]);
});

test('visibleConfiguration() shows the directories of what it shows, and removals that are mentioned', () => {
  const nodes = [directory('/etc/site'), file('/etc/site/a'), directory('/etc/other')];
  const found = visibleConfiguration(given(nodes, { removals: ['/etc/b', '/etc/c'] }), [
    '/etc/site/a /etc/b',
  ]);
  assert.deepEqual(found, { nodes: nodes.slice(0, 2), removals: ['/etc/b'] });
});

test('visibleConfiguration() shows more, never less, for more text', () => {
  const segment = fc.stringMatching(/^[a-z.-]{1,6}$/);
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => `/etc/${parts.join('/')}`);
  const text = fc.array(fc.oneof(path, fc.constantFrom('RUN cat', '&&', '*', '$X', '\n')), { maxLength: 6 });
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 6 }), text, text, (paths, one, other) => {
      const nodes = paths.map(file);
      const few = seen(nodes, one.join(' '));
      const many = new Set(seen(nodes, one.join(' '), other.join(' ')));
      assert.ok(few.every((shown) => many.has(shown)));
    }),
  );
});
