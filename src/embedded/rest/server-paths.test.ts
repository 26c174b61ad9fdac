import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { user } from '../access/index.ts';
import { KindRegistry } from './kind-registry.ts';
import { ServerPaths } from './server-paths.ts';

/** What `/livez` and the like answer. */
function health(target: string, isBroken: boolean): { readonly status: number; readonly body: unknown } {
  const [path = '', query] = target.split('?');
  const paths = new ServerPaths(
    { kinds: new KindRegistry([]), store: { isBroken } },
    { address: '', version: {}, issuer: { configuration: {}, keys: {} }, metrics: () => '' },
  );
  const { status, body } = paths.answer({
    method: 'GET',
    path,
    query: new URLSearchParams(query),
    headers: {},
    body: new Uint8Array(),
    user: user('probe'),
  });
  return { status, body };
}

describe('ServerPaths', () => {
  for (const path of ['/healthz', '/livez', '/readyz']) {
    test(`${path} tells whether the store still takes writes`, () => {
      const check = path.slice(1);
      assert.deepEqual(health(path, false), { status: 200, body: 'ok' });
      assert.deepEqual(health(`${path}?verbose`, false), {
        status: 200,
        body: `[+]ping ok\n[+]store ok\n${check} check passed\n`,
      });
      assert.deepEqual(health(path, true), {
        status: 500,
        body: `[+]ping ok\n[-]store failed: reason withheld\n${check} check failed\n`,
      });
    });
  }
});
