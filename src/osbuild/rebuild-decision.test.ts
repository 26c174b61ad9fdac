// Contract, appendix A.2, from the MachineConfigs of a pool to what becomes of its image. Where the contract gives a new
// configuration the image of before (its rows of files, units, users and fips), Varve builds: that image holds them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfig, MachineConfigPool, MachineConfigSpec } from '../api/index.ts';
import { poolConfiguration, render } from '../machineconfig/index.ts';
import { buildStatus } from './build-status.ts';
import { buildStep } from './build-step.ts';
import type { BuildSituation } from './build-step.ts';
import { newBuild } from './new-build.ts';
import { apiVersion, DIGEST_A, DIGEST_B, layeredPool, NOW, osConfigOf } from './test-build-objects.ts';

const CURRENT = 'machineconfiguration.openshift.io/current-machine-os-build';
const IMAGE = `registry.example.com/team/os@${DIGEST_A}`;
const BASE = `registry.example.com/base@${DIGEST_B}`;
const DEFAULTS = { osImageURL: BASE, baseOSExtensionsContainerImage: `registry.example.com/ext@${DIGEST_B}` };

function machineConfig(name: string, spec: MachineConfigSpec): MachineConfig {
  const labels = { 'machineconfiguration.openshift.io/role': 'worker' };
  return { apiVersion, kind: 'MachineConfig', metadata: { name, labels }, spec };
}

function ignition(sections: object): MachineConfigSpec {
  return { config: { ignition: { version: '3.5.0' }, ...sections } };
}

type Rendered = Pick<BuildSituation, 'pool' | 'rendered'> & { readonly rendered: MachineConfig };

function renderWorker(
  machineConfigs: readonly MachineConfig[],
  defaults: typeof DEFAULTS = DEFAULTS,
  spec: Partial<MachineConfigPool['spec']> = {},
): Rendered {
  const machineConfigSelector = { matchLabels: { 'machineconfiguration.openshift.io/role': 'worker' } };
  const pool = layeredPool(undefined, { machineConfigSelector, ...spec });
  const rendered = render({ pool, machineConfigs, defaults });
  return {
    pool: { ...pool, spec: { ...pool.spec, configuration: poolConfiguration(rendered) } },
    rendered: rendered.machineConfig,
  };
}

const SITE = machineConfig('50-site', ignition({ storage: { files: [{ path: '/etc/a', mode: 420 }] } }));
const before = renderWorker([SITE]);

/** The pool with an image in force of what was rendered before. */
function situation(more: Partial<BuildSituation> = {}): BuildSituation {
  const build = newBuild({ ...before, osConfig: osConfigOf() }, { circumstances: 'v1', attempt: 1 });
  const status = buildStatus(build, { state: 'succeeded', image: IMAGE }, NOW);
  assert.ok(status !== undefined);
  const osConfig = osConfigOf({}, { [CURRENT]: build.metadata.name }, { currentImagePullSpec: IMAGE });
  return {
    ...before,
    osConfig,
    builds: [{ ...build, metadata: { ...build.metadata, uid: 'u' }, status }],
    circumstances: 'v1',
    now: NOW,
    ...more,
  };
}

function also(spec: MachineConfigSpec): Rendered {
  return renderWorker([SITE, machineConfig('60-more', spec)]);
}

const inForce = situation().osConfig;
const REBUILDS: Readonly<Record<string, Partial<BuildSituation>>> = {
  osImageURL: also({ osImageURL: `registry.example.com/other@${DIGEST_B}` }),
  "the cluster's image": renderWorker([SITE], {
    ...DEFAULTS,
    osImageURL: `registry.example.com/new@${DIGEST_B}`,
  }),
  'what the tag of the base names': { base: `registry.example.com/base@${DIGEST_A}` },
  kernelType: also({ kernelType: 'realtime' }),
  extensions: also({ extensions: ['usbguard'] }),
  kernelArguments: also({ kernelArguments: ['quiet'] }),
  'a file': also(ignition({ storage: { files: [{ path: '/etc/b', mode: 420 }] } })),
  'a unit': also(ignition({ systemd: { units: [{ name: 'a.service', enabled: true }] } })),
  'a key of a user': also(
    ignition({ passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 A'] }] } }),
  ),
  fips: also({ fips: true }),
  'the image of extensions': renderWorker([SITE], {
    ...DEFAULTS,
    baseOSExtensionsContainerImage: `registry.example.com/ext@${DIGEST_A}`,
  }),
  'spec of the MachineOSConfig': {
    osConfig: { ...inForce, spec: osConfigOf({ baseImagePullSecret: { name: 'p' } }).spec },
  },
};

for (const [what, more] of Object.entries(REBUILDS)) {
  test(`buildStep(): ${what} that changes is another build`, () => {
    const { step, superseded } = buildStep(situation(more));
    assert.equal(step.kind, 'create');
    assert.deepEqual(superseded, []);
  });
}

const KEEPS: Readonly<Record<string, Partial<BuildSituation>>> = {
  'what is in a secret': { circumstances: 'v2' },
  'whether the pool is paused': renderWorker([SITE], DEFAULTS, { paused: true }),
  'which MachineConfigs the same comes from': also({}),
  'how many nodes there may be out of service': renderWorker([SITE], DEFAULTS, { maxUnavailable: 3 }),
};

for (const [what, more] of Object.entries(KEEPS)) {
  test(`buildStep(): ${what} may change without another build`, () => {
    assert.equal(buildStep(situation(more)).step.kind, 'done');
  });
}
