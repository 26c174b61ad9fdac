import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { render, saltedHash } from './index.ts';
import { machineConfig, pool } from './test-objects.ts';
import type { JsonValue } from '../ignition/index.ts';

// contract §4.3: a vector of the contract's own tests, recomputed.
const IMAGE = 'registry.hostname.com/org/repo@sha256 string = ';
const RELEASE = {
  BaseOSContainerImage: `${IMAGE}220a60ecd4a3c32c282622a625a54db9ba0ff55b5ba9c29c7064a2bc358b6a3e`,
  BaseOSExtensionsContainerImage: `${IMAGE}5fb4ba1a651bae8057ec6b5cdafc93fa7e0b7d944d6f02a4b751de4e15464def`,
  OSImageURL: '',
  ReleaseVersion: 'release-version',
};

function osConfigSpec(containerFile: JsonValue): JsonValue {
  return {
    containerFile,
    imageBuilder: { imageBuilderType: 'Job' },
    machineConfigPool: { name: 'worker' },
    renderedImagePushSecret: { name: '' },
    renderedImagePushSpec: 'registry.hostname.com/org/repo:latest',
  };
}

test('saltedHash() reproduces the golden vectors of MachineOSBuild names', () => {
  assert.equal(saltedHash({}, osConfigSpec([]), RELEASE), '699e6be74658adcb3ff2b48f32cd1584');
  assert.equal(saltedHash({}, osConfigSpec(null), RELEASE), 'a45fa0692b2e163b920ef1e7d0d2aac8');
});

test('saltedHash() depends on the order of documents, not of members', () => {
  assert.equal(saltedHash({ a: 1, b: 2 }), saltedHash({ b: 2, a: 1 }));
  assert.notEqual(saltedHash({ a: 1 }, {}), saltedHash({}, { a: 1 }));
});

/** As the contract lists them (§2.6). */
const SALT = `16 124 206 228 139 56 175 175 79 229 134 118 157 154 211 110 25 93 47 253 172 106 37 7 174 13 160 185 110 17 87 52
  219 131 12 206 218 141 116 135 188 181 192 151 233 62 126 165 64 83 179 119 15 168 208 197 146 107 58 227 133 188 238
  26 33 26 235 202 32 173 31 234 41 144 148 79 6 206 23 22`;

test('a rendered MachineConfig is called after the salted hash of its spec as Go writes YAML', () => {
  const spec = {
    config: {
      ignition: { version: '3.2.0' },
      storage: { files: [{ path: '/etc/motd', mode: 420, contents: { source: 'data:,a%20long%20text' } }] },
      systemd: {
        units: [{ name: 'a.service', enabled: true, contents: '[Unit]\nDescription=yes\n[Service]\n' }],
      },
    },
    kernelArguments: ['quiet', 'console=ttyS0,115200n8'],
  };
  const { name } = render({
    pool: pool('infra', {}),
    machineConfigs: [machineConfig('a', 'infra', spec)],
    defaults: { osImageURL: 'registry.example.com/os@sha256:1', baseOSExtensionsContainerImage: '' },
  });
  const yaml = `baseOSExtensionsContainerImage: ""
config:
  ignition:
    version: 3.5.0
  storage:
    files:
    - contents:
        source: data:,a%20long%20text
      mode: 420
      overwrite: true
      path: /etc/motd
  systemd:
    units:
    - contents: |
        [Unit]
        Description=yes
        [Service]
      enabled: true
      name: a.service
extensions: []
fips: false
kernelArguments:
- quiet
- console=ttyS0,115200n8
kernelType: default
osImageURL: registry.example.com/os@sha256:1
`;
  const salt = Buffer.from(SALT.trim().split(/\s+/u).map(Number));
  assert.equal(salt.length, 80);
  assert.equal(name, `rendered-infra-${createHash('md5').update(salt).update(yaml).digest('hex')}`);
});
