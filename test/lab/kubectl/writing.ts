import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { at, type AnyObject } from '../api-client.ts';
import { apply, configMap, given, MCO, pool, row, type Scenario, stored } from './bench.ts';

export const writingScenarios: readonly Scenario[] = [
  [
    'apply creates, changes, drops fields, and leaves alone what is the same',
    async (bench) => {
      const { k, folder } = bench;
      assert.equal(
        (await apply(k, configMap('applied', { a: '1', b: '2' }))).stdout,
        'configmap/applied created\n',
      );
      assert.equal(
        (await apply(k, configMap('applied', { a: '1', b: '2' }))).stdout,
        'configmap/applied unchanged\n',
      );
      await k.say('patch configmap applied --type=merge -p {"data":{"foreign":"x"}}');
      assert.equal(
        (await apply(k, configMap('applied', { a: '9' }))).stdout,
        'configmap/applied configured\n',
      );
      assert.deepEqual(await stored(bench, 'configmaps/applied', 'data'), {
        a: '9',
        foreign: 'x',
      });
      await mkdir(join(folder, 'files'));
      await writeFile(join(folder, 'files/a.json'), configMap('file-a'));
      await writeFile(
        join(folder, 'files/b.yaml'),
        `apiVersion: v1\nkind: List\nitems:\n- ${configMap('file-b')}\n---\n${configMap('file-c')}\n`,
      );
      assert.equal(
        await k.say(`apply -f ${join(folder, 'files')}`),
        'configmap/file-a created\nconfigmap/file-b created\nconfigmap/file-c created\n',
      );
      await writeFile(join(folder, 'files/kustomization.yaml'), 'namePrefix: k-\nresources: [a.json]\n');
      assert.equal(await k.say(`apply -k ${join(folder, 'files')}`), 'configmap/k-file-a created\n');
      assert.match(await k.say(`apply view-last-applied configmap/applied -o json`), /"a": "9"/);
      assert.equal(
        await k.say('delete configmap file-a file-b file-c k-file-a --now'),
        ['file-a', 'file-b', 'file-c', 'k-file-a'].map((name) => `configmap "${name}" deleted\n`).join(''),
      );
    },
  ],
  [
    'apply --prune removes what the files no longer have',
    async ({ k }) => {
      const input = (...names: string[]): { input: string } => ({
        input: JSON.stringify({
          apiVersion: 'v1',
          kind: 'List',
          items: names.map(
            (name) => JSON.parse(configMap(name, { a: 'b' }, { labels: { set: 'pruned' } })) as unknown,
          ),
        }),
      });
      const flags = '-f - --prune -l set=pruned --prune-allowlist=core/v1/ConfigMap';
      await k.say(`apply ${flags}`, input('pruned-a', 'pruned-b'));
      assert.equal(
        await k.say(`apply ${flags}`, input('pruned-a')),
        'configmap/pruned-a unchanged\nconfigmap/pruned-b pruned\n',
      );
    },
    26,
  ],
  [
    'apply of a custom resource and of a workload merges as each kind does',
    async (bench) => {
      const { k, tag } = bench;
      const name = `applied-${tag}`;
      assert.equal(
        (await apply(k, pool(name, { paused: true, maxUnavailable: 1 }))).stdout,
        `machineconfigpool.${MCO}/${name} created\n`,
      );
      assert.equal(
        (await apply(k, pool(name, { paused: true, maxUnavailable: 1 }))).stdout,
        `machineconfigpool.${MCO}/${name} unchanged\n`,
      );
      assert.equal(
        (await apply(k, pool(name, { maxUnavailable: '50%' }))).stdout,
        `machineconfigpool.${MCO}/${name} configured\n`,
      );
      assert.deepEqual(await stored(bench, `mcp/${name}`, 'spec'), { maxUnavailable: '50%' });
      assert.equal(await stored(bench, `mcp/${name}`, 'metadata.generation'), 2);
      const deployment = (containers: AnyObject[]): AnyObject => ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'applied' },
        spec: {
          selector: { matchLabels: { app: 'a' } },
          template: { metadata: { labels: { app: 'a' } }, spec: { containers } },
        },
      });
      const [first, second] = [
        { name: 'first', image: 'i:1' },
        { name: 'second', image: 'i:1' },
      ];
      await apply(k, deployment([first, second]));
      assert.equal(
        (await apply(k, deployment([{ ...second, image: 'i:2' }]))).stdout,
        'deployment.apps/applied configured\n',
      );
      assert.equal(
        await k.say('get deployment applied -o jsonpath={.spec.template.spec.containers[*].image}'),
        'i:2',
      );
    },
  ],
  [
    'apply refuses typos, wrong types and broken rules',
    async (bench) => {
      const { k, tag } = bench;
      const refused = async (object: AnyObject | string): Promise<string> => {
        const input = typeof object === 'string' ? object : JSON.stringify(object);
        return k.refuse('apply -f -', { input });
      };
      const typo = await refused({ ...(JSON.parse(configMap('typo')) as AnyObject), dta: { a: 'b' } });
      assert.match(
        typo,
        k.minor >= 27
          ? /^Error from server \(BadRequest\): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dta"\n$/
          : /^error: error validating "STDIN": error validating data: ValidationError\(ConfigMap\): unknown field "dta" in io\.k8s\.api\.core\.v1\.ConfigMap; /,
      );
      const pausd = await refused(pool(`typo-${tag}`, { pausd: true }));
      assert.match(
        pausd,
        k.minor >= 27
          ? /MachineConfigPool in version "v1" cannot be handled as a MachineConfigPool: strict decoding error: unknown field "spec\.pausd"\n$/
          : /ValidationError\(MachineConfigPool\.spec\): unknown field "pausd" in io\.openshift\.machineconfiguration\.v1\.MachineConfigPool\.spec; /,
      );
      const wrong = await refused(pool(`typo-${tag}`, { paused: 'yes' }));
      assert.match(
        wrong,
        k.minor >= 27
          ? /^The MachineConfigPool "typo-v\d+" is invalid: \n\* spec\.paused: Invalid value: "string": spec\.paused in body must be of type boolean: "string"\n/
          : /invalid type for io\.openshift\.machineconfiguration\.v1\.MachineConfigPool\.spec\.paused: got "string", expected "boolean"/,
      );
      assert.match(
        await refused({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Bad_Name' } }),
        /The ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
      );
      const rule = await refused({
        apiVersion: `${MCO}/v1`,
        kind: 'MachineConfigNode',
        metadata: { name: `typo-${tag}` },
        spec: { node: { name: 'other' }, pool: { name: 'worker' }, configVersion: { desired: 'a' } },
      });
      assert.match(rule, /The MachineConfigNode "typo-v\d+" is invalid: .*metadata\.name/s);
      assert.match(
        await refused({ apiVersion: 'none/v1', kind: 'Nothing', metadata: { name: 'a' } }),
        /no matches for kind "Nothing" in version "none\/v1"/,
      );
      assert.match(
        await refused('{"apiVersion": "v1", "kind": '),
        /^error: (error parsing|error converting)/,
      );
      assert.match(
        await refused(configMap('there', {}, { namespace: 'nowhere' })),
        /the namespace from the provided object "nowhere" does not match the namespace/,
      );
    },
  ],
  [
    'apply --server-side finds conflicts, and takes over when told',
    async (bench) => {
      const { k } = bench;
      const asFirst = await apply(
        k,
        configMap('owned', { a: '1', b: '1' }),
        '--server-side',
        '--field-manager=first',
      );
      assert.equal(asFirst.stdout, 'configmap/owned serverside-applied\n');
      const input = configMap('owned', { a: '2' });
      const conflict = await k.refuse('apply --server-side --field-manager=second -f -', { input });
      assert.match(conflict, /Apply failed with 1 conflict: conflict with "first": \.data\.a\n/);
      assert.match(conflict, /Please review the fields above/);
      assert.match(conflict, /--force-conflicts/);
      await apply(k, input, '--server-side', '--field-manager=second', '--force-conflicts');
      assert.deepEqual(await stored(bench, 'configmaps/owned', 'data'), { a: '2', b: '1' });
      const managed = (await stored(bench, 'configmaps/owned', 'metadata.managedFields')) as AnyObject[];
      assert.deepEqual(
        managed.map((entry) => [entry['manager'], entry['operation'], entry['fieldsV1']]),
        [
          ['first', 'Apply', { 'f:data': { 'f:b': {} } }],
          ['second', 'Apply', { 'f:data': { 'f:a': {} } }],
        ],
      );
      // What client-side apply owned goes over to server-side apply, and what is left out then goes.
      await apply(k, configMap('migrated', { a: '1', b: '1' }));
      await apply(
        k,
        configMap('migrated', { a: '1' }),
        '--server-side',
        ...(k.minor >= 26 ? [] : ['--force-conflicts']),
      );
      if (k.minor >= 26) assert.deepEqual(await stored(bench, 'configmaps/migrated', 'data'), { a: '1' });
    },
  ],
  [
    'diff says what apply would do',
    async (bench) => {
      const { k } = bench;
      await apply(k, configMap('differing', { a: '1' }));
      assert.deepEqual(await k.try(['diff', '-f', '-'], { input: configMap('differing', { a: '1' }) }), {
        status: 0,
        stdout: '',
        stderr: '',
      });
      const changed = await k.try(['diff', '-f', '-'], { input: configMap('differing', { a: '2' }) });
      assert.equal(changed.status, 1, changed.stderr);
      assert.match(changed.stdout, /^-  a: "1"\n\+  a: "2"$/m);
      const fresh = await k.try(['diff', '-f', '-'], { input: configMap('not-there') });
      assert.equal(fresh.status, 1, fresh.stderr);
      assert.match(fresh.stdout, /^\+ {2}name: not-there$/m);
      const serverSide = await k.try(['diff', '--server-side', '--force-conflicts', '-f', '-'], {
        input: configMap('differing', { a: '3' }),
      });
      assert.match(serverSide.stdout, /^\+ {2}a: "3"$/m);
      assert.equal(await stored(bench, 'configmaps/differing', 'data.a'), '1');
    },
  ],
  [
    'patch in all its types',
    async (bench) => {
      const { k, tag } = bench;
      await given(bench, configMap('patched', { a: '1', b: '2' }));
      assert.equal(
        await k.say('patch configmap patched --type=merge -p {"data":{"a":null}}'),
        'configmap/patched patched\n',
      );
      assert.equal(
        await k.say('patch configmap patched --type=json -p [{"op":"add","path":"/data/c","value":"3"}]'),
        'configmap/patched patched\n',
      );
      assert.equal(
        await k.say('patch configmap patched -p {"data":{"d":"4"}}'),
        'configmap/patched patched\n',
      );
      assert.equal(
        await k.say('patch configmap patched -p {"data":{"d":"4"}}'),
        'configmap/patched patched (no change)\n',
      );
      assert.deepEqual(await stored(bench, 'configmaps/patched', 'data'), {
        b: '2',
        c: '3',
        d: '4',
      });
      const test = await k.refuse(
        'patch configmap patched --type=json -p [{"op":"test","path":"/data/c","value":"9"}]',
      );
      assert.match(
        test,
        /^(Error from server: the server rejected our request due to an error in our request|The request is invalid)/,
      );
      const name = `patched-${tag}`;
      await given(bench, pool(name));
      assert.equal(
        await k.say(`patch mcp ${name} --type=merge -p {"spec":{"paused":true}}`),
        `machineconfigpool.${MCO}/${name} patched\n`,
      );
      assert.match(
        await k.refuse(`patch mcp ${name} -p {"spec":{"paused":true}}`),
        /^(error: application\/strategic-merge-patch\+json is not supported by machineconfiguration\.openshift\.io\/v1, Kind=MachineConfigPool|Error from server \(UnsupportedMediaType\)): the body of the request was in an unknown format - accepted media types include: application\/json-patch\+json, application\/merge-patch\+json, application\/apply-patch\+yaml\n$/,
      );
      assert.match(
        await k.refuse(`patch mcp ${name} --type=merge -p {"spec":{"paused":"x"}}`),
        /spec\.paused in body must be of type boolean: "string"/,
      );
      assert.equal(
        await k.refuse('patch configmap nothing -p {}'),
        'Error from server (NotFound): configmaps "nothing" not found\n',
      );
    },
  ],
  [
    'patch --subresource=status touches the status alone',
    async (bench) => {
      const { k, tag } = bench;
      const name = `status-${tag}`;
      await given(bench, pool(name));
      const patch =
        '{"spec":{"paused":true},"status":{"machineCount":3,"readyMachineCount":0,"updatedMachineCount":1,"degradedMachineCount":0,"unavailableMachineCount":3}}';
      await k.say(`patch mcp ${name} --subresource=status --type=merge -p ${patch}`);
      assert.deepEqual(await stored(bench, `mcp/${name}`, 'spec'), {});
      assert.equal(await stored(bench, `mcp/${name}`, 'metadata.generation'), 1);
      assert.equal(row(await k.say(`get mcp ${name}`))['MACHINECOUNT'], '3');
      assert.equal(
        await k.say(`get mcp ${name} --subresource=status -o jsonpath={.status.machineCount}`),
        '3',
      );
    },
    24,
  ],
  [
    'edit opens an editor and applies what it leaves',
    async (bench) => {
      const { k, folder } = bench;
      const editor = async (name: string, script: string): Promise<{ env: Record<string, string> }> => {
        const path = join(folder, name);
        await writeFile(path, `#!/bin/sh\n${script}\n`);
        await chmod(path, 0o755);
        return { env: { KUBE_EDITOR: path } };
      };
      await given(bench, configMap('edited', { a: 'before' }));
      assert.equal(
        await k.say('edit configmap edited', await editor('change', 'sed -i "s/a: before/a: after/" "$1"')),
        'configmap/edited edited\n',
      );
      assert.equal(await stored(bench, 'configmaps/edited', 'data.a'), 'after');
      const untouched = await k.do(['edit', 'configmap', 'edited'], await editor('nothing', ':'));
      assert.equal(untouched.stderr + untouched.stdout, 'Edit cancelled, no changes made.\n');
      // The first try is refused, the second one put right: the editor sees what was wrong.
      const twice = await editor(
        'twice',
        'if grep -q "is invalid\\|was not valid" "$1"; then sed -i "s/app: -bad-/app: good/" "$1"; cp "$1" "$0.saw"\nelse sed -i "s/^metadata:/metadata:\\n  labels: { }/; s/labels: { }/labels:\\n    app: -bad-/" "$1"; fi',
      );
      assert.match(await k.say('edit configmap edited', twice), /configmap\/edited edited\n$/);
      assert.equal(await stored(bench, 'configmaps/edited', 'metadata.labels.app'), 'good');
      await given(bench, pool(`edited-${k.namespace}`));
      const pause = await editor(
        'pause',
        'sed -i "s/^spec: {}/spec:\\n  paused: true/; s/^spec:$/spec:\\n  paused: true/" "$1"',
      );
      assert.equal(
        await k.say(`edit mcp edited-${k.namespace}`, pause),
        `machineconfigpool.${MCO}/edited-${k.namespace} edited\n`,
      );
      assert.equal(await k.say(`get mcp edited-${k.namespace} -o jsonpath={.spec.paused}`), 'true');
    },
  ],
  [
    'replace replaces, and refuses what is stale',
    async (bench) => {
      const { k, tag } = bench;
      await apply(k, configMap('replaced', { a: '1' }));
      const object = JSON.parse(await k.say('get configmap replaced -o json')) as unknown;
      assert.equal(
        await k.say('replace -f -', { input: configMap('replaced', { b: '2' }) }),
        'configmap/replaced replaced\n',
      );
      assert.deepEqual(await stored(bench, 'configmaps/replaced', 'data'), { b: '2' });
      assert.match(
        await k.refuse('replace -f -', { input: JSON.stringify(object) }),
        /^Error from server \(Conflict\): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "replaced": the object has been modified; please apply your changes to the latest version and try again\n$/,
      );
      assert.match(
        await k.refuse('replace -f -', { input: configMap('not-there') }),
        /Error from server \(NotFound\): error when replacing "STDIN": configmaps "not-there" not found/,
      );
      const forced = await k.say('replace --force -f -', { input: configMap('replaced', { c: '3' }) });
      assert.equal(forced, 'configmap "replaced" deleted\nconfigmap/replaced replaced\n');
      // A custom resource says which version it replaces; kubectl fills it in.
      await given(bench, pool(`replaced-${tag}`));
      const replaced = await k.say('replace -f -', {
        input: JSON.stringify(pool(`replaced-${tag}`, { paused: true })),
      });
      assert.equal(replaced, `machineconfigpool.${MCO}/replaced-${tag} replaced\n`);
    },
  ],
  [
    'label, annotate: set, overwrite, remove',
    async (bench) => {
      const { k, tag } = bench;
      await given(bench, configMap('named'));
      assert.equal(await k.say('label configmap named a=1 b=2'), 'configmap/named labeled\n');
      assert.match(
        await k.refuse('label configmap named a=2'),
        /'a' already has a value \(1\), and --overwrite is false/,
      );
      await k.say('label configmap named a=2 b- --overwrite');
      assert.deepEqual(await stored(bench, 'configmaps/named', 'metadata.labels'), { a: '2' });
      assert.equal(await k.say('label cm -l a=2 c=3'), 'configmap/named labeled\n');
      assert.match(
        await k.refuse('label configmap named a=-no- --overwrite'),
        /is invalid|invalid label value|a valid label must be/,
      );
      // 1.27 has lost the last letter.
      assert.match(await k.say('annotate configmap named note=hello'), /^configmap\/named annotated?\n$/);
      assert.equal(await k.say('get configmap named -o jsonpath={.metadata.annotations.note}'), 'hello');
      await k.say('annotate configmap named note-');
      assert.equal(
        await k.say('label mcp worker seen=' + tag + ' --overwrite'),
        `machineconfigpool.${MCO}/worker labeled\n`,
      );
    },
  ],
  [
    'dry runs change nothing',
    async (bench) => {
      const { k } = bench;
      assert.equal(
        await k.say('create configmap dry --dry-run=server'),
        'configmap/dry created (server dry run)\n',
      );
      assert.equal(await k.say('create configmap dry --dry-run=client'), 'configmap/dry created (dry run)\n');
      assert.equal(
        (await apply(k, configMap('dry'), '--dry-run=server')).stdout,
        'configmap/dry created (server dry run)\n',
      );
      assert.equal(
        (await apply(k, configMap('dry'), '--dry-run=server', '--server-side')).stdout,
        'configmap/dry serverside-applied (server dry run)\n',
      );
      await k.refuse('get configmap dry');
      const output = await k.say('create deployment dry --image=a --dry-run=server -o json');
      assert.match(String(at(JSON.parse(output), 'metadata.uid')), /^[0-9a-f-]{36}$/);
      assert.match(
        await k.refuse('create deployment Dry --image=a --dry-run=server'),
        /Invalid value: "Dry"/,
      );
      await k.say('create configmap dry');
      assert.match(
        await k.say('label configmap dry a=b --dry-run=server'),
        /^configmap\/dry labeled( \(server dry run\))?\n$/,
      );
      assert.equal(
        await k.say('delete configmap dry --dry-run=server'),
        'configmap "dry" deleted (server dry run)\n',
      );
      assert.equal(await k.say('get configmap dry -o jsonpath={.metadata.labels}'), '');
    },
  ],
];
