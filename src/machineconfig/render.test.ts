import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { toGoYaml } from './go-yaml.ts';
import { MachineConfigError, saltedHash } from './index.ts';
import {
  at,
  DEFAULTS,
  file,
  files,
  ignition,
  machineConfig,
  pool,
  renderInfra,
  ROLE,
  units,
} from './test-objects.ts';
import type { Rendered, RenderInput } from './index.ts';
import type { MachineConfig } from '../api/index.ts';
import type { JsonValue } from '../ignition/index.ts';

function fileEntries({ machineConfig: { spec } }: Rendered): JsonValue | undefined {
  return at(spec.config, 'storage', 'files');
}

function refusal(
  machineConfigs: readonly MachineConfig[],
  more: Partial<RenderInput> = {},
): MachineConfigError {
  try {
    renderInfra(machineConfigs, more);
  } catch (error) {
    if (error instanceof MachineConfigError) return error;
    throw error;
  }
  return assert.fail('rendered');
}

test('render() lets the later name win inside a role', () => {
  const rendered = renderInfra([
    machineConfig('bbb', 'worker', files(file('/etc/test1', 'b'))),
    machineConfig('aaa', 'worker', files(file('/etc/test1', 'a'))),
  ]);
  assert.deepEqual(fileEntries(rendered), [
    { contents: { source: 'data:,b' }, overwrite: true, path: '/etc/test1' },
  ]);
  assert.deepEqual(rendered.order, ['aaa', 'bbb']);
});

test('render() lets the pool beat the workers whatever the names', () => {
  const gzip = `data:;base64,${gzipSync('d').toString('base64')}`;
  const rendered = renderInfra([
    machineConfig('ccc', 'infra', files(file('/etc/test2', 'c'))),
    machineConfig(
      'ddd',
      'worker',
      files({ path: '/etc/test2', contents: { source: gzip, compression: 'gzip' } }),
    ),
  ]);
  // Nor does the gzip flag of what is overridden stay behind.
  assert.deepEqual(fileEntries(rendered), [
    { contents: { source: 'data:,c' }, overwrite: true, path: '/etc/test2' },
  ]);
  assert.deepEqual(rendered.order, ['ddd', 'ccc']);
  assert.deepEqual(rendered.sources, ['ccc', 'ddd']);
});

test('render() unites the keys of a user, worker first', () => {
  const user = (more: Record<string, JsonValue>): MachineConfig['spec'] =>
    ignition({ passwd: { users: [{ name: 'core', ...more }] } });
  const rendered = renderInfra([
    machineConfig('a', 'infra', user({ sshAuthorizedKeys: ['1234'], passwordHash: 'x' })),
    machineConfig('b', 'worker', user({ sshAuthorizedKeys: ['5678'] })),
  ]);
  assert.deepEqual(at(rendered.machineConfig.spec.config, 'passwd', 'users'), [
    { name: 'core', passwordHash: 'x', sshAuthorizedKeys: ['5678', '1234'] },
  ]);
});

test('render() keeps a mode that is overridden alone apart from the contents', () => {
  const gzip = `data:;base64,${gzipSync('a').toString('base64')}`;
  const rendered = renderInfra([
    machineConfig('a', 'worker', files({ path: '/etc/a', contents: { source: gzip, compression: 'gzip' } })),
    machineConfig('b', 'worker', files({ path: '/etc/a', mode: 384 })),
  ]);
  assert.deepEqual(fileEntries(rendered), [
    { contents: { compression: 'gzip', source: gzip }, mode: 384, overwrite: true, path: '/etc/a' },
  ]);
});

test('render() does not apply the hash of contents that are overridden', () => {
  const hash = 'sha256-ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb';
  const rendered = renderInfra([
    machineConfig(
      'a',
      'worker',
      files({ path: '/etc/a', contents: { source: 'data:,a', verification: { hash } } }),
    ),
    machineConfig('b', 'worker', files(file('/etc/a', 'b'))),
  ]);
  assert.deepEqual(at(fileEntries(rendered), 0, 'contents'), { source: 'data:,b' });
});

test('render() sets overwrite only where nobody has, and contents exist', () => {
  const rendered = renderInfra([
    machineConfig(
      'a',
      'worker',
      files(file('/etc/a', ''), file('/etc/b', '', { overwrite: false }), { path: '/etc/c' }),
    ),
  ]);
  assert.deepEqual(fileEntries(rendered), [
    { contents: { source: 'data:,' }, overwrite: true, path: '/etc/a' },
    { contents: { source: 'data:,' }, overwrite: false, path: '/etc/b' },
    { path: '/etc/c' },
  ]);
});

test('render() writes every member of the spec, at Ignition 3.5.0', () => {
  const { machineConfig: rendered, name } = renderInfra([machineConfig('a', 'worker')]);
  assert.deepEqual(rendered, {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name },
    spec: {
      baseOSExtensionsContainerImage: DEFAULTS.baseOSExtensionsContainerImage,
      config: { ignition: { version: '3.5.0' } },
      extensions: [],
      fips: false,
      kernelArguments: [],
      kernelType: 'default',
      osImageURL: DEFAULTS.osImageURL,
    },
  });
  assert.deepEqual(Object.keys(rendered.spec), Object.keys(rendered.spec).sort());
});

test('render() names the result by the hash of its spec', () => {
  const { machineConfig: rendered, name } = renderInfra([
    machineConfig('a', 'worker', units({ name: 'a.service' })),
  ]);
  assert.equal(name, `rendered-infra-${saltedHash({ ...rendered.spec })}`);
  // Fixed, so that a change of the hash does not go unseen: it would rename the configuration of every node.
  const yaml = [
    'baseOSExtensionsContainerImage: registry.example.com/extensions@sha256:base',
    'config:',
    '  ignition:',
    '    version: 3.5.0',
    '  systemd:',
    '    units:',
    '    - name: a.service',
    'extensions: []',
    'fips: false',
    'kernelArguments: []',
    'kernelType: default',
    'osImageURL: registry.example.com/os@sha256:base',
    '',
  ];
  assert.equal(toGoYaml({ ...rendered.spec }), yaml.join('\n'));
});

test('render() merges the other fields', async (t) => {
  const specs = (...all: MachineConfig['spec'][]): MachineConfig['spec'] =>
    renderInfra(all.map((spec, index) => machineConfig(`${index}`, 'worker', spec))).machineConfig.spec;
  await t.test('fips if anyone wants it', () => {
    assert.equal(specs({ fips: true }, { fips: false }).fips, true);
    assert.equal(specs({ fips: false }, {}).fips, false);
  });
  await t.test('kernel arguments and extensions in merge order with duplicates', () => {
    const { kernelArguments, extensions } = specs(
      { kernelArguments: ['b', 'a'], extensions: ['usbguard'] },
      { kernelArguments: ['b'], extensions: ['ipsec', 'usbguard'] },
    );
    assert.deepEqual(kernelArguments, ['b', 'a', 'b']);
    assert.deepEqual(extensions, ['usbguard', 'ipsec', 'usbguard']);
  });
  await t.test('the last special kernel, which default does not take back', () => {
    assert.equal(
      specs({ kernelType: 'realtime' }, { kernelType: '64k-pages' }, { kernelType: 'default' }).kernelType,
      '64k-pages',
    );
    assert.equal(specs({ kernelType: 'realtime' }, { kernelType: '' }).kernelType, 'realtime');
    assert.equal(specs({ kernelType: 'default' }).kernelType, 'default');
  });
});

test('render() takes the images of the last MachineConfig that no controller made', () => {
  const user = machineConfig('50-user', 'worker', {
    osImageURL: 'quay.io/mine/os:1',
    baseOSExtensionsContainerImage: 'quay.io/mine/extensions:1',
  });
  const generated = machineConfig('99-generated', 'infra', { osImageURL: 'quay.io/old/os:1' });
  const annotations = { 'machineconfiguration.openshift.io/generated-by-controller-version': 'abc' };
  const rendered = renderInfra([user, { ...generated, metadata: { ...generated.metadata, annotations } }]);
  assert.equal(rendered.machineConfig.spec.osImageURL, 'quay.io/mine/os:1');
  assert.equal(rendered.machineConfig.spec.baseOSExtensionsContainerImage, 'quay.io/mine/extensions:1');
  assert.deepEqual(rendered.machineConfig.metadata.annotations, {
    'machineconfiguration.openshift.io/os-image-url-overridden': 'true',
  });
  assert.deepEqual(rendered.warnings, [
    'MachineConfig "50-user": spec.osImageURL: the image has no digest, so the same configuration can come to mean another OS; write name@sha256:…',
  ]);
});

test('render() hands on the warnings of Ignition', () => {
  const { warnings } = renderInfra([machineConfig('a', 'worker', files({ path: '/etc/a', mod: 1 }))]);
  assert.deepEqual(warnings, ['MachineConfig "a": spec.config.storage.files[0].mod: unused key mod']);
});

test('render() accepts every spec version up to 3.5.0', () => {
  for (const version of ['3.0.0', '3.1.0', '3.2.0', '3.3.0', '3.4.0', '3.5.0']) {
    const config = { ignition: { version }, storage: { files: [file('/etc/a', 'a')] } };
    const rendered = renderInfra([machineConfig('a', 'worker', { config })]);
    assert.equal(at(rendered.machineConfig.spec.config, 'ignition', 'version'), '3.5.0', version);
  }
});

test('render() says what is wrong with a pool', async (t) => {
  const unlabelled = { ...machineConfig('x', ''), metadata: { name: 'x', labels: { other: 'y' } } };
  const cases: Record<string, [MachineConfig[], Partial<RenderInput>, string, string]> = {
    'no selector': [
      [],
      { pool: { ...pool(), spec: {} } },
      'no-selector',
      `spec.machineConfigSelector: missing, so the pool selects no MachineConfig; match the label ${ROLE}`,
    ],
    'an empty selector': [
      [],
      { pool: pool('infra', { machineConfigSelector: { matchLabels: {} } }) },
      'selects-everything',
      `spec.machineConfigSelector: empty, which would select every MachineConfig; match the label ${ROLE}`,
    ],
    'no MachineConfigs at all': [
      [],
      {},
      'selects-nothing',
      'spec.machineConfigSelector: matches no MachineConfig: there are none',
    ],
    'only other roles, and one without': [
      [machineConfig('a', 'master'), machineConfig('b', 'gpu'), unlabelled],
      {},
      'selects-nothing',
      `spec.machineConfigSelector: matches no MachineConfig: there are some with the role gpu, master; the label ${ROLE} is missing from x`,
    ],
    'an operator that there is not': [
      [machineConfig('a', 'infra')],
      {
        pool: pool('infra', {
          machineConfigSelector: { matchExpressions: [{ key: 'a', operator: 'Near', values: [] }] },
        }),
      },
      'selects-nothing',
      'spec.machineConfigSelector.matchExpressions[0].operator: expected one of "In", "NotIn", "Exists", "DoesNotExist", received "Near"',
    ],
    'a selected MachineConfig without labels': [
      [{ ...unlabelled, metadata: { name: 'x' } }],
      {
        pool: pool('infra', {
          machineConfigSelector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist', values: [] }] },
        }),
      },
      'invalid-machine-config',
      `MachineConfig "x": metadata.labels: missing; set ${ROLE} to the name of a pool`,
    ],
    'one name twice': [
      [machineConfig('a', 'worker'), machineConfig('b', 'worker'), machineConfig('a', 'master')],
      {},
      'duplicate-name',
      'MachineConfig "a": metadata.name: used more than once',
    ],
  };
  for (const [sentence, [machineConfigs, more, code, message]] of Object.entries(cases)) {
    await t.test(sentence, () => {
      const error = refusal(machineConfigs, more);
      assert.equal(error.code, code);
      assert.equal(error.message, `cannot render pool "infra": ${message}`);
      assert.equal(error.pool, 'infra');
      assert.equal(error.retryable, false);
    });
  }
});

test('render() puts a MachineConfig with labels but without a role into the second group', () => {
  const extra = { ...machineConfig('0', ''), metadata: { name: '0', labels: { for: 'infra' } } };
  const rendered = renderInfra([extra, machineConfig('9', 'worker')], {
    pool: pool('infra', {
      machineConfigSelector: { matchExpressions: [{ key: 'nothing', operator: 'DoesNotExist', values: [] }] },
    }),
  });
  assert.deepEqual(rendered.order, ['9', '0']);
});

test('render() says what is wrong with a MachineConfig', async (t) => {
  const versions = 'write one of 3.0.0, 3.1.0, 3.2.0, 3.3.0, 3.4.0, 3.5.0';
  const why =
    'URLs are not accepted, because nothing is fetched when an image is built; write the contents as a data URL';
  const cases: Record<string, [MachineConfig['spec'], string, string]> = {
    'an unknown kernel type': [
      { kernelType: 'rt' },
      'spec.kernelType',
      '"rt" is not a kernel type; write default, realtime or 64k-pages',
    ],
    'an extension outside the list, although there is no config': [
      { extensions: ['usbguard', 'wasm'] },
      'spec.extensions[1]',
      '"wasm" is not an extension; write one of ipsec, kerberos, kernel-devel, sandboxed-containers, sysstat, two-node-ha, usbguard',
    ],
    'Ignition 2': [
      ignition({}, '2.2.0'),
      'spec.config.ignition.version',
      `"2.2.0" is not accepted; ${versions}`,
    ],
    'Ignition 3.6': [
      ignition({}, '3.6.0'),
      'spec.config.ignition.version',
      `"3.6.0" is not accepted; ${versions}`,
    ],
    'no version': [{ config: {} }, 'spec.config.ignition.version', `missing; ${versions}`],
    'a relative path': [files(file('etc/a', '')), 'spec.config.storage.files[0].path', 'path not absolute'],
    setuid: [
      files(file('/etc/a', ''), file('/etc/b', '', { mode: 2541 })),
      'spec.config.storage.files[1].mode',
      '2541 (04755) is above 511 (0777)',
    ],
    'an octal mode in decimal': [
      files(file('/etc/a', '', { mode: 644 })),
      'spec.config.storage.files[0].mode',
      '644 (01204) is above 511 (0777); if 0644 is meant, write 420',
    ],
    'contents on a web server': [
      files({ path: '/etc/a', contents: { source: 'https://example.com/a?token=secret' } }),
      'spec.config.storage.files[0].contents.source',
      `https ${why}`,
    ],
    'an appendix on a web server': [
      files({ path: '/etc/a', append: [{ source: 'data:,a' }, { source: 's3://bucket/a' }] }),
      'spec.config.storage.files[0].append[1].source',
      `s3 ${why}`,
    ],
  };
  for (const [sentence, [spec, field, message]] of Object.entries(cases)) {
    await t.test(sentence, () => {
      const error = refusal([machineConfig('50-ok', 'worker'), machineConfig('99-bad', 'worker', spec)]);
      assert.equal(error.code, 'invalid-machine-config');
      assert.equal(error.message, `cannot render pool "infra": MachineConfig "99-bad": ${field}: ${message}`);
      assert.equal(error.machineConfig, '99-bad');
      assert.equal(error.field, field);
    });
  }
});

test('render() reports every MachineConfig that is wrong', () => {
  const error = refusal([
    machineConfig('b', 'infra', { kernelType: 'x', extensions: ['y'] }),
    machineConfig('a', 'worker', ignition({}, '2.2.0')),
  ]);
  assert.deepEqual(
    error.problems.map(({ machineConfig, field }) => [machineConfig, field]),
    [
      ['a', 'spec.config.ignition.version'],
      ['b', 'spec.kernelType'],
      ['b', 'spec.extensions[0]'],
    ],
  );
  assert.match(
    error.message,
    /^cannot render pool "infra": 3 problems\n {2}MachineConfig "a": .*\n {2}MachineConfig "b": .*\n {2}MachineConfig "b": .*$/,
  );
});

test('render() lists at most twenty problems', () => {
  const many = Array.from({ length: 25 }, (_, index) =>
    machineConfig(`m${index}`, 'worker', { kernelType: 'x' }),
  );
  const error = refusal(many);
  assert.equal(error.problems.length, 25);
  assert.equal(error.message.split('\n').length, 22);
  assert.ok(error.message.endsWith('\n  and 5 more'));
});

test('render() says what does not go together', async (t) => {
  const stream = pool('infra', { osImageStream: { name: 'rhel-10' } });
  const runc = (name: string, runtime: string): MachineConfig =>
    machineConfig(
      name,
      'worker',
      files(file(`/etc/crio/crio.conf.d/${name}`, `[crio.runtime]\n default_runtime = "${runtime}" # x\n`)),
    );
  const cases: Record<string, [MachineConfig[], Partial<RenderInput>, string]> = {
    'kernel-devel with a special kernel': [
      [
        machineConfig('a', 'worker', { extensions: ['kernel-devel'] }),
        machineConfig('b', 'infra', { kernelType: 'realtime' }),
      ],
      {},
      'MachineConfig "a": spec.extensions[0]: the extension kernel-devel does not go with kernelType realtime; take one of them out',
    ],
    'an OS image in a pool with a stream': [
      [machineConfig('a', 'worker', { osImageURL: 'quay.io/os@sha256:1' })],
      { pool: stream },
      'MachineConfig "a": spec.osImageURL: the pool takes its OS image from the stream "rhel-10" (spec.osImageStream); remove one of the two',
    ],
    'a file below a link of another MachineConfig': [
      [
        machineConfig(
          'a',
          'worker',
          ignition({ storage: { links: [{ path: '/etc/a', target: '/etc/b' }] } }),
        ),
        machineConfig('b', 'worker', files(file('/etc/a/c', ''))),
      ],
      {},
      'MachineConfig "b": spec.config.storage.files[0]: merged config: file /etc/a/c: file path includes link in config',
    ],
    'runc on an OS without it': [
      [runc('10-a', 'crun'), runc('20-b', 'runc')],
      { streamClass: 'rhel-10' },
      'MachineConfig "20-b": spec.config.storage.files[0]: /etc/crio/crio.conf.d/20-b: it makes runc the default runtime, which rhel-10 does not have; set default_runtime to "crun"',
    ],
  };
  for (const [sentence, [machineConfigs, more, message]] of Object.entries(cases)) {
    await t.test(sentence, () => {
      const error = refusal(machineConfigs, more);
      assert.equal(error.code, 'conflict');
      assert.equal(error.message, `cannot render pool "infra": ${message}`);
    });
  }
  await t.test('runc that a later drop-in takes back is fine', () => {
    renderInfra([runc('10-a', 'runc'), runc('20-b', 'crun')], { streamClass: 'centos-10' });
  });
  await t.test('runc on another OS is fine', () => {
    renderInfra([runc('10-a', 'runc')], { streamClass: 'rhel-9' });
    renderInfra([runc('10-a', 'runc')]);
  });
});

test('render() refuses what running nodes cannot reach, and takes what they can', () => {
  const current = renderInfra([machineConfig('a', 'worker', files(file('/etc/a', 'old')))]).machineConfig;
  const next = [
    machineConfig('a', 'worker', files(file('/etc/a', 'new'))),
    machineConfig('b', 'worker', ignition({ storage: { directories: [{ path: '/etc/d' }] } })),
  ];
  const error = refusal(next, { current });
  assert.equal(error.code, 'unreconcilable');
  assert.equal(error.machineConfig, 'b');
  assert.equal(error.field, 'spec.config.storage.directories');
  assert.equal(renderInfra(next.slice(0, 1), { current }).order.length, 1);
});

test('render() does not compare a configuration with itself', () => {
  const same = [machineConfig('a', 'worker', files({ path: '/etc/a', append: [{ source: 'data:,a' }] }))];
  const current = renderInfra(same).machineConfig;
  assert.equal(renderInfra(same, { current }).name, current.metadata.name);
});

const anySpec = fc.record(
  {
    kernelArguments: fc.array(fc.constantFrom('a', 'b=1', 'c')),
    extensions: fc.array(fc.constantFrom('usbguard', 'ipsec')),
    fips: fc.boolean(),
    kernelType: fc.constantFrom('', 'default', 'realtime', '64k-pages'),
    osImageURL: fc.constantFrom('', 'quay.io/a@sha256:1', 'quay.io/b:1'),
    config: fc
      .record({
        files: fc.uniqueArray(fc.tuple(fc.constantFrom('/etc/a', '/etc/b', '/etc/c'), fc.string()), {
          selector: ([path]) => path,
        }),
        units: fc.uniqueArray(fc.tuple(fc.constantFrom('a.service', 'b.service'), fc.boolean()), {
          selector: ([name]) => name,
        }),
      })
      .map(({ files: entries, units: names }) => ({
        ignition: { version: '3.4.0' },
        storage: { files: entries.map(([path, text]) => file(path, text.toWellFormed())) },
        systemd: { units: names.map(([name, enabled]) => ({ name, enabled })) },
      })),
  },
  { requiredKeys: [] },
);
const anyMachineConfigs = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      role: fc.constantFrom('worker', 'infra'),
      spec: anySpec,
    }),
    {
      selector: ({ name }) => name,
      minLength: 1,
    },
  )
  .map((entries) => entries.map(({ name, role, spec }) => machineConfig(name, role, spec)));

test('render() does not depend on the order of its input', () => {
  const shuffled = anyMachineConfigs.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  fc.assert(
    fc.property(shuffled, ([left, right]) => {
      assert.deepEqual(renderInfra(left).machineConfig, renderInfra(right).machineConfig);
    }),
  );
});

test('render() gives the same name exactly to the same spec', () => {
  fc.assert(
    fc.property(anyMachineConfigs, anyMachineConfigs, (left, right) => {
      const [one, other] = [renderInfra(left), renderInfra(right)];
      assert.equal(
        one.name === other.name,
        toGoYaml({ ...one.machineConfig.spec }) === toGoYaml({ ...other.machineConfig.spec }),
      );
      assert.deepEqual(
        parse(toGoYaml({ ...one.machineConfig.spec }), { version: '1.1' }),
        one.machineConfig.spec,
      );
    }),
  );
});

test('render() takes an item from the last MachineConfig that provenance names', () => {
  fc.assert(
    fc.property(anyMachineConfigs, (all) => {
      const rendered = renderInfra(all);
      const found = new Map(all.map((each) => [each.metadata.name, each]));
      for (const entry of rendered.config.storage?.files ?? []) {
        const owners = rendered.provenance.of({ section: 'storage.files', key: entry.path });
        const last = found.get(owners.at(-1) ?? '');
        const theirs = at(last?.spec.config, 'storage', 'files');
        assert.ok(Array.isArray(theirs));
        const original = theirs.find(
          (candidate: JsonValue) => at(candidate, 'path') === entry.path,
        ) as JsonValue;
        assert.equal(at(original, 'contents', 'source'), entry.contents?.source);
        assert.deepEqual(
          owners,
          rendered.order.filter((name) => owners.includes(name)),
        );
      }
    }),
  );
});
