import assert from 'node:assert/strict';
import { at, type AnyObject } from '../api-client.ts';
import { apply, configMap, eventually, given, row, type Scenario } from './bench.ts';

export const deletingScenarios: readonly Scenario[] = [
  [
    'delete in the background, in the foreground, and leaving orphans',
    async ({ k, lab, tag }) => {
      const path = `/api/v1/namespaces/${tag}/configmaps`;
      const family = async (owner: string): Promise<void> => {
        const { body } = await lab.admin.post(path, { metadata: { name: owner } });
        const reference = {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: owner,
          uid: at(body, 'metadata.uid'),
          blockOwnerDeletion: true,
        };
        await lab.admin.post(path, { metadata: { name: `${owner}-child`, ownerReferences: [reference] } });
      };
      const childOf = async (owner: string): Promise<number> =>
        (await lab.admin.get(`${path}/${owner}-child`)).status;
      await family('background');
      assert.equal(await k.say('delete configmap background'), 'configmap "background" deleted\n');
      await eventually(
        () => childOf('background'),
        (status) => status === 404,
      );
      await family('foreground');
      assert.equal(
        await k.say('delete configmap foreground --cascade=foreground'),
        'configmap "foreground" deleted\n',
      );
      assert.equal(await childOf('foreground'), 404);
      await family('orphaning');
      assert.equal(
        await k.say('delete configmap orphaning --cascade=orphan'),
        'configmap "orphaning" deleted\n',
      );
      const orphan = await eventually(
        () => lab.admin.get(`${path}/orphaning-child`),
        ({ body }) => at(body, 'metadata.ownerReferences') === undefined,
      );
      assert.equal(orphan.status, 200);
      assert.equal((await lab.admin.get(`${path}/orphaning`)).status, 404);
    },
  ],
  [
    'delete waits for finalizers, and selects',
    async (bench) => {
      const { k } = bench;
      await given(bench, configMap('held', {}, { finalizers: ['example.com/held'] }));
      const deleting = k.start('delete configmap held');
      await deleting.printed(/configmap "held" deleted/);
      assert.match(await k.say('get configmap held -o jsonpath={.metadata.deletionTimestamp}'), /^\d{4}-/);
      await k.say('patch configmap held --type=json -p [{"op":"remove","path":"/metadata/finalizers"}]');
      assert.equal((await deleting.ended()).status, 0);
      for (const name of ['sel-1', 'sel-2', 'sel-3'])
        await given(bench, configMap(name, {}, { labels: { sel: name } }));
      assert.equal(await k.say('delete cm -l sel=sel-1'), 'configmap "sel-1" deleted\n');
      assert.equal(await k.say('delete cm -l sel -o name'), 'configmap/sel-2\nconfigmap/sel-3\n');
      assert.equal((await k.do(['delete', 'cm', '-l', 'sel'])).stdout, 'No resources found\n');
      assert.equal(
        await k.refuse('delete cm sel-1'),
        'Error from server (NotFound): configmaps "sel-1" not found\n',
      );
      assert.equal(await k.say('delete cm sel-1 --ignore-not-found'), '');
      await k.say('run doomed --image=a');
      const forced = await k.do(['delete', 'pod', 'doomed', '--grace-period=0', '--force']);
      assert.equal(forced.stdout, 'pod "doomed" force deleted\n');
      assert.match(forced.stderr, /[Ii]mmediate deletion does not wait/);
    },
  ],
  [
    'delete of a namespace takes all that is in it',
    async ({ k, lab, tag }) => {
      await k.say(`create namespace ${tag}-gone`);
      await k.say(`create configmap inside -n ${tag}-gone`);
      await k.say(`create deployment inside --image=a -n ${tag}-gone`);
      assert.equal(await k.say(`delete namespace ${tag}-gone`), `namespace "${tag}-gone" deleted\n`);
      assert.equal((await lab.admin.get(`/api/v1/namespaces/${tag}-gone`)).status, 404);
      assert.equal(await k.say(`get all,cm -n ${tag}-gone -o name`), '');
      assert.match(
        await k.refuse('delete namespace default'),
        /namespaces "default" is forbidden: this namespace may not be deleted/,
      );
    },
  ],
  [
    'a namespace that somebody else holds waits for them',
    async ({ k, lab, tag }) => {
      const name = `${tag}-held`;
      const path = `/api/v1/namespaces/${name}`;
      const finalizers = (...list: string[]): string =>
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name },
          spec: { finalizers: list },
        });
      await k.say(`create namespace ${name}`);
      await k.say(`replace --raw ${path}/finalize -f -`, {
        input: finalizers('kubernetes', 'example.com/held'),
      });
      await k.say(`delete namespace ${name} --wait=false`);
      await eventually(
        () => lab.admin.get(path),
        ({ body }) => String(at(body, 'spec.finalizers')) === 'example.com/held',
      );
      assert.match(await k.say(`get namespace ${name}`), / Terminating /);
      await k.say(`replace --raw ${path}/finalize -f -`, { input: finalizers() });
      assert.equal((await lab.admin.get(path)).status, 404);
    },
  ],
  [
    'a definition comes with its objects and goes with them',
    async ({ k, lab, tag }) => {
      const group = `${tag}.example.com`;
      const definition = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `widgets.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: {
            plural: 'widgets',
            singular: 'widget',
            kind: 'Widget',
            shortNames: [`wd${tag}`],
            categories: ['all'],
          },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              subresources: {
                status: {},
                scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
              },
              additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    spec: {
                      type: 'object',
                      properties: { size: { type: 'integer', minimum: 0, default: 1 } },
                      'x-kubernetes-validations': [{ rule: 'self.size < 10', message: 'at most nine' }],
                    },
                    status: { type: 'object', properties: { size: { type: 'integer' } } },
                  },
                },
              },
            },
          ],
        },
      };
      assert.equal(
        (await apply(k, definition)).stdout,
        `customresourcedefinition.apiextensions.k8s.io/widgets.${group} created\n`,
      );
      assert.match(await k.say(`wait --for=condition=Established crd/widgets.${group}`), /condition met\n$/);
      const widget = (size?: number): AnyObject => ({
        apiVersion: `${group}/v1`,
        kind: 'Widget',
        metadata: { name: 'one' },
        spec: size === undefined ? {} : { size },
      });
      await eventually(
        () => k.try(['apply', '-f', '-'], { input: JSON.stringify(widget()) }),
        ({ status }) => status === 0,
      );
      assert.equal(row(await k.say(`get wd${tag}`))['SIZE'], '1');
      assert.match(await k.refuse('apply -f -', { input: JSON.stringify(widget(10)) }), /at most nine/);
      assert.equal(await k.say(`scale widgets.${group} one --replicas=4`), `widget.${group}/one scaled\n`);
      assert.equal(row(await k.say(`get widgets.${group} one`))['SIZE'], '4');
      assert.match(await k.say(`explain widgets.spec --api-version=${group}/v1`), /size\t<integer>/);
      assert.equal(
        await k.say(`delete crd widgets.${group}`),
        `customresourcedefinition.apiextensions.k8s.io "widgets.${group}" deleted\n`,
      );
      await eventually(
        () => lab.admin.get(`/apis/${group}/v1/namespaces/${tag}/widgets`),
        ({ status }) => status === 404,
      );
    },
  ],
];
