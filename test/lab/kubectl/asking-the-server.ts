import assert from 'node:assert/strict';
import { at } from '../api-client.ts';
import { MCO, cells, type Scenario } from './bench.ts';

export const serverScenarios: readonly Scenario[] = [
  [
    'version, cluster-info, api-versions and api-resources say what is served',
    async ({ k, lab }) => {
      const version = JSON.parse(await k.say('version -o json')) as unknown;
      assert.equal(at(version, 'serverVersion.major'), '1');
      assert.match(String(at(version, 'serverVersion.gitVersion')), /^v1\.\d+\.\d+\+varve$/);
      assert.ok((await k.say('cluster-info')).includes(lab.plane.url));
      const versions = (await k.say('api-versions')).trim().split('\n');
      assert.deepEqual(versions, [
        'apiextensions.k8s.io/v1',
        'apps/v1',
        'authentication.k8s.io/v1',
        'authorization.k8s.io/v1',
        'batch/v1',
        'coordination.k8s.io/v1',
        'events.k8s.io/v1',
        `${MCO}/v1`,
        'networking.k8s.io/v1',
        'operator.openshift.io/v1',
        'policy/v1',
        'rbac.authorization.k8s.io/v1',
        'scheduling.k8s.io/v1',
        'v1',
      ]);
      const resources = cells(await k.say('api-resources'));
      assert.ok(
        resources.some(
          (line) => line.join(' ') === `machineconfigpools mcp ${MCO}/v1 false MachineConfigPool`,
        ),
      );
      assert.ok(
        resources.some(
          (line) => line.join(' ') === 'poddisruptionbudgets pdb policy/v1 true PodDisruptionBudget',
        ),
      );
      const names = (await k.say(`api-resources --api-group=${MCO} -o name --verbs=list,watch`))
        .trim()
        .split('\n');
      assert.equal(names.length, 10);
      assert.ok(names.every((name) => name.endsWith(`.${MCO}`)));
    },
  ],
  [
    'get --raw shows paths as they are',
    async ({ k }) => {
      assert.equal(await k.say('get --raw /readyz'), 'ok');
      const raw = JSON.parse(await k.say('get --raw /version')) as unknown;
      assert.equal(at(raw, 'major'), '1');
      const list = JSON.parse(await k.say('get --raw /api/v1/namespaces?limit=1')) as unknown;
      assert.equal(at(list, 'items.length'), 1);
      assert.match(
        await k.refuse('get --raw /nothing'),
        /^Error from server \(NotFound\): the server could not find the requested resource\n$/,
      );
    },
  ],
  [
    'explain reads the schemas',
    async ({ k }) => {
      const containers = await k.say('explain pods.spec.containers');
      assert.match(containers, /^KIND: +Pod$/m);
      assert.match(containers, /^VERSION: +v1$/m);
      assert.match(containers, /List of containers belonging to the pod/);
      assert.match(containers, /^ +image\t<string>$/m);
      assert.match(containers, /^ +name\t<string> -required-$/m);
      const spec = await k.say('explain machineconfigpool.spec --recursive');
      assert.match(spec, /^KIND: +MachineConfigPool$/m);
      assert.match(spec, /^ +maxUnavailable\t<.*>$/m);
      assert.match(spec, /^ +paused\t<boolean>$/m);
      assert.match(spec, /^ +matchLabels\t<map\[string\]string>$/m);
      assert.match(await k.say('explain mcp.spec.paused'), /paused <boolean>|paused>?\s/);
      assert.equal(await k.refuse('explain pods.spec.nothing'), 'error: field "nothing" does not exist\n');
    },
  ],
];
