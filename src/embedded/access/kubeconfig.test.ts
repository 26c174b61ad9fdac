import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from 'js-yaml';
import fc from 'fast-check';
import { kubeconfig } from './kubeconfig.ts';

test('kubeconfig() with a certificate', () => {
  const text = kubeconfig({
    server: 'https://127.0.0.1:6443',
    authority: 'CA',
    user: { name: 'admin', credential: { certificate: 'CERT', privateKey: 'KEY' } },
    context: 'varve',
  });
  assert.equal(
    text,
    `apiVersion: v1
kind: Config
current-context: varve
clusters:
- name: varve
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: Q0E=
contexts:
- name: varve
  context:
    cluster: varve
    user: admin
users:
- name: admin
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
`,
  );
});

test('kubeconfig() quotes whatever YAML could misread', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom('true', 'no', 'null', '1e3', '- a', 'a: b', '#', '~', 'a:', 'ok', 'x y'),
      (free, tricky) => {
        const parsed = load(
          kubeconfig({
            server: 'https://[::1]:6443',
            authority: '',
            user: { name: free, credential: { token: tricky } },
            context: tricky,
            namespace: free,
          }),
        ) as { users: unknown; contexts: unknown; 'current-context': unknown };
        assert.deepEqual(parsed.users, [{ name: free, user: { token: tricky } }]);
        assert.deepEqual(parsed.contexts, [
          { name: tricky, context: { cluster: tricky, user: free, namespace: free } },
        ]);
        assert.equal(parsed['current-context'], tricky);
      },
    ),
  );
});
