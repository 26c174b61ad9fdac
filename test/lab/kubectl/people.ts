import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { at } from '../api-client.ts';
import { cells, type Scenario } from './bench.ts';

export const peopleScenarios: readonly Scenario[] = [
  [
    'auth can-i answers for oneself and for others',
    async ({ k, tag }) => {
      assert.equal(await k.say('auth can-i delete nodes'), 'yes\n');
      assert.equal(await k.say('auth can-i * *'), 'yes\n');
      const account = `system:serviceaccount:${tag}:made`;
      assert.equal(await k.say(`auth can-i list pods --as=${account}`), 'yes\n');
      const no = await k.try(['auth', 'can-i', 'get', 'secrets', `--as=${account}`]);
      assert.deepEqual([no.status, no.stdout], [1, 'no\n']);
      const list = await k.say(`auth can-i --list --as=${account}`);
      assert.match(list, /^pods +\[\] +\[\] +\[get list\]$/m);
      assert.match(
        await k.refuse(`get secrets --as=${account}`),
        new RegExp(
          `^Error from server \\(Forbidden\\): secrets is forbidden: User "${account}" cannot list resource "secrets" in API group "" in the namespace "${tag}"\n$`,
        ),
      );
      assert.equal(await k.say('auth can-i get mcp --subresource=status'), 'yes\n');
    },
  ],
  [
    'auth whoami',
    async ({ k }) => {
      const self = JSON.parse(await k.say('auth whoami -o json')) as unknown;
      assert.deepEqual(at(self, 'status.userInfo.groups'), ['system:masters', 'system:authenticated']);
      assert.match(await k.say('auth whoami --as=somebody --as-group=g'), /^Username +somebody$/m);
    },
    28,
  ],
  [
    'auth reconcile brings roles up to date',
    async ({ k }) => {
      const role = (...verbs: string[]): string =>
        JSON.stringify({
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { name: 'reconciled', namespace: k.namespace },
          rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
        });
      const first = await k.say('auth reconcile -f -', { input: role('get') });
      assert.match(first, /^role\.rbac\.authorization\.k8s\.io\/reconciled reconciled\n/);
      const { stderr } = await k.do(['auth', 'reconcile', '-f', '-'], { input: role('get', 'list') });
      assert.match(stderr, /missing rules added:\n\t\t\{Verbs:\[list\]/);
    },
  ],
  [
    'a wrong token is told so',
    async ({ k, lab, folder }) => {
      const path = join(folder, 'wrong');
      await writeFile(
        path,
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Config',
          'current-context': 'c',
          clusters: [{ name: 'c', cluster: { server: lab.plane.url, 'insecure-skip-tls-verify': true } }],
          users: [{ name: 'u', user: { token: 'wrong' } }],
          contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        }),
      );
      const said = await k.refuse('get pods', { env: { KUBECONFIG: path } });
      assert.match(
        said,
        /error: You must be logged in to the server \((Unauthorized|the server has asked for the client to provide credentials)\)\n$/,
      );
    },
  ],
  [
    'events are found with what they are about',
    async ({ k, lab, tag }) => {
      const { body } = await lab.admin.get(`/api/v1/namespaces/${tag}/pods/reading`);
      const event = {
        metadata: { name: 'reading.1' },
        involvedObject: {
          apiVersion: 'v1',
          kind: 'Pod',
          name: 'reading',
          namespace: tag,
          uid: at(body, 'metadata.uid'),
        },
        reason: 'Pulled',
        message: 'Container image pulled',
        type: 'Normal',
        count: 3,
        source: { component: 'kubelet' },
        firstTimestamp: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+/, ''),
        lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
      };
      assert.equal((await lab.admin.post(`/api/v1/namespaces/${tag}/events`, event)).status, 201);
      const table = cells(await k.say('get events'));
      assert.deepEqual(table[0], ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']);
      assert.deepEqual(table[1]?.slice(1), ['Normal', 'Pulled', 'pod/reading', 'Container image pulled']);
      assert.equal(await k.say('get events -o name --field-selector involvedObject.name=nobody'), '');
      assert.match(
        await k.say('describe pod reading'),
        /Normal +Pulled +\d+s \(x3 over \d+s\) +kubelet +Container image pulled/,
      );
      if (k.minor >= 26) {
        assert.match(
          await k.say('events --for=pod/reading'),
          /Normal +Pulled +Pod\/reading +Container image pulled/,
        );
        assert.equal(
          (await k.do(['events', '--types=Warning'])).stderr,
          `No events found in ${tag} namespace.\n`,
        );
      }
    },
  ],
  [
    'what only a kubelet can do is refused',
    async ({ k }) => {
      assert.match(await k.refuse('exec reading -- true'), /^(Error from server|error: )/m);
      assert.match(await k.refuse('logs reading'), /^(Error from server|error: )/m);
    },
  ],
];
