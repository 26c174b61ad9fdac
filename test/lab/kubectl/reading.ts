import assert from 'node:assert/strict';
import { at } from '../api-client.ts';
import { cells, configMap, given, MCO, node, pod, row, type Scenario, setReady } from './bench.ts';

export const readingScenarios: readonly Scenario[] = [
  [
    'get: table, wide, yaml, json, name, jsonpath, custom columns',
    async ({ k, lab, tag }) => {
      await lab.admin.post('/api/v1/nodes', node(`read-${tag}`));
      await lab.admin.post(
        `/api/v1/namespaces/${tag}/pods`,
        pod('reading', { app: 'reading' }, `read-${tag}`),
      );
      await setReady({ k, lab, tag, folder: '' }, 'reading');
      const { AGE, ...plain } = row(await k.say('get pod reading'));
      assert.deepEqual(plain, { NAME: 'reading', READY: '1/1', STATUS: 'Running', RESTARTS: '2' });
      assert.match(AGE ?? '', /^\d+s$/);
      const wide = row(await k.say('get pods -l app=reading -o wide'));
      assert.deepEqual(
        [wide['NODE'], wide['IP'], wide['READINESS GATES']],
        [`read-${tag}`, '<none>', '<none>'],
      );
      const nodes = row(await k.say(`get node read-${tag} -o wide`));
      assert.deepEqual(
        [
          nodes['STATUS'],
          nodes['ROLES'],
          nodes['VERSION'],
          nodes['INTERNAL-IP'],
          nodes['OS-IMAGE'],
          nodes['CONTAINER-RUNTIME'],
        ],
        ['Ready', 'worker', 'v1.33.1', '10.0.0.5', 'Fedora CoreOS', 'cri-o://1.33'],
      );
      const json = JSON.parse(await k.say('get pod reading -o json')) as unknown;
      assert.deepEqual(
        [at(json, 'apiVersion'), at(json, 'kind'), at(json, 'spec.restartPolicy')],
        ['v1', 'Pod', 'Always'],
      );
      assert.match(await k.say('get pod reading -o yaml'), /^apiVersion: v1\nkind: Pod\nmetadata:\n/);
      assert.equal(await k.say('get pods,configmaps -o name'), 'pod/reading\nconfigmap/kube-root-ca.crt\n');
      assert.equal(await k.say('get pods -o jsonpath={.items[*].spec.nodeName}'), `read-${tag}`);
      assert.equal(
        await k.say('get pod reading -o custom-columns=N:.metadata.name,I:.spec.containers[0].image'),
        'N         I\nreading   busybox:1\n',
      );
      assert.equal(
        await k.say('get pods -o go-template={{range.items}}{{.metadata.name}}{{end}}'),
        'reading',
      );
      assert.deepEqual(cells(await k.say('get pods --show-labels'))[1]?.at(-1), 'app=reading');
      assert.deepEqual(cells(await k.say('get pods -L app'))[1]?.at(-1), 'reading');
      assert.equal(await k.say('get pods --no-headers -o name --field-selector spec.nodeName=nowhere'), '');
      assert.equal(
        await k.say(`get pods -A -o name --field-selector spec.nodeName=read-${tag}`),
        'pod/reading\n',
      );
    },
  ],
  [
    'get of custom resources has their columns',
    async ({ k, lab }) => {
      const table = cells(await k.say('get mcp worker'));
      assert.deepEqual(table[0], [
        'NAME',
        'CONFIG',
        'UPDATED',
        'UPDATING',
        'DEGRADED',
        'MACHINECOUNT',
        'READYMACHINECOUNT',
        'UPDATEDMACHINECOUNT',
        'DEGRADEDMACHINECOUNT',
        'AGE',
      ]);
      assert.equal(table[1]?.[0], 'worker');
      assert.equal(
        await k.say(`get machineconfigpools.v1.${MCO} master worker -o name`),
        [`machineconfigpool.${MCO}/master\nmachineconfigpool.${MCO}/worker\n`].join(''),
      );
      assert.equal((await k.do(['get', 'mc'])).stderr, 'No resources found\n');
      assert.deepEqual(Object.keys(row(await k.say(`get crd machineconfigs.${MCO}`))), [
        'NAME',
        'CREATED AT',
      ]);
      const { body } = await lab.admin.get(`/apis/${MCO}/v1/machineconfigpools/worker`);
      assert.deepEqual(at(JSON.parse(await k.say('get mcp worker -o json')), 'spec'), at(body, 'spec'));
    },
  ],
  [
    'get in pieces, sorted, of several kinds; what is not there',
    async ({ k }) => {
      for (const name of ['sorted-b', 'sorted-a', 'sorted-c'])
        await k.say(`create configmap ${name} --from-literal=a=${name}`);
      await k.say('label configmap sorted-a sorted-b sorted-c sorted=yes');
      assert.equal(
        await k.say('get cm -l sorted --chunk-size=1 --sort-by=.data.a -o name'),
        'configmap/sorted-a\nconfigmap/sorted-b\nconfigmap/sorted-c\n',
      );
      assert.equal(await k.say('get cm -l sorted,sorted!=yes -o name'), '');
      assert.equal(
        (await k.do(['get', 'secrets'])).stderr,
        `No resources found in ${k.namespace} namespace.\n`,
      );
      assert.equal(
        await k.refuse('get cm nothing'),
        'Error from server (NotFound): configmaps "nothing" not found\n',
      );
      assert.equal(
        await k.refuse('get mcp nothing'),
        `Error from server (NotFound): machineconfigpools.${MCO} "nothing" not found\n`,
      );
      assert.equal(
        await k.refuse('get nothing'),
        'error: the server doesn\'t have a resource type "nothing"\n',
      );
      assert.equal(await k.say('get cm nothing --ignore-not-found'), '');
      assert.match(
        await k.refuse('get pods --field-selector spec.bogus=1'),
        /field label not supported: spec\.bogus/,
      );
      const several = await k.say('get cm/sorted-a sa/default');
      assert.match(several, /^configmap\/sorted-a +1 /m);
      assert.match(several, /^serviceaccount\/default +0 /m);
      assert.match(await k.say('get all'), /^pod\/reading /m);
    },
  ],
  [
    'get -w shows every change',
    async (bench) => {
      const { k } = bench;
      const watch = k.start('get configmaps --watch-only --output-watch-events -l watched -v=6');
      const one = k.start('get configmaps -w -l watched -o name -v=6');
      try {
        await watch.watching();
        await one.watching();
        await given(bench, configMap('watched', { a: '1' }, { labels: { watched: '' } }));
        await watch.printed(/ADDED +watched/);
        await given(bench, configMap('watched', { a: '2', b: '3' }, { labels: { watched: '' } }));
        await watch.printed(/MODIFIED +watched +2/);
        await k.say('delete configmap watched');
        const events = cells(await watch.printed(/DELETED +watched/));
        assert.deepEqual(
          events.map((event) => event.slice(0, 3)),
          [
            ['EVENT', 'NAME', 'DATA'],
            ['ADDED', 'watched', '1'],
            ['MODIFIED', 'watched', '2'],
            ['DELETED', 'watched', '2'],
          ],
        );
        await one.printed(/^(configmap\/watched\n){3}$/);
      } finally {
        await watch.stop();
        await one.stop();
      }
    },
  ],
  [
    'describe tells of nodes, pods, pools and definitions',
    async ({ k, tag }) => {
      const described = await k.say(`describe node read-${tag}`);
      assert.match(described, /^Roles: +worker$/m);
      assert.match(described, /^Unschedulable: +false$/m);
      assert.match(described, /^ {2}Ready +True .* KubeletReady +kubelet is posting ready status$/m);
      assert.match(described, new RegExp(`^ {2}${tag} +reading +0 \\(0%\\)`, 'm'));
      const aboutPod = await k.say('describe pod reading');
      assert.match(aboutPod, new RegExp(`^Node: +read-${tag}/`, 'm'));
      assert.match(aboutPod, /^QoS Class: +BestEffort$/m);
      assert.match(aboutPod, /^ {4}Restart Count: +2$/m);
      const aboutPool = await k.say('describe mcp worker');
      assert.match(aboutPool, new RegExp(`^API Version: +${MCO}/v1$`, 'm'));
      assert.match(aboutPool, /^ {2}Machine Config Selector:\n {4}Match Labels:\n/m);
      assert.match(await k.say(`describe crd machineconfigpools.${MCO}`), /^ {2}Scope: +Cluster$/m);
      assert.match(
        await k.say('describe secret registry -n openshift-machine-config-operator'),
        /^\.dockerconfigjson: +\d+ bytes$/m,
      );
      assert.match(await k.say('describe configmap sorted-a'), /^a:\n----\nsorted-a\n/m);
      assert.match(await k.say(`describe namespace ${tag}`), /^Status: +Active$/m);
      assert.match(await k.say('describe sa default'), /^Name: +default$/m);
      assert.equal(
        await k.refuse('describe pod nothing'),
        'Error from server (NotFound): pods "nothing" not found\n',
      );
    },
  ],
];
