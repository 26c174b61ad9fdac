import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseDriver, type DriverChoice } from './choose-driver.ts';
import { FAKE_CAPABILITIES } from './fake-host.ts';
import type { Deployment, HostStatus } from './host-status.ts';
import { isAtLeast, parseToolVersion } from './tool-version.ts';

const PLAIN: Deployment = {
  checksum: 'a'.repeat(64),
  serial: 0,
  stateroot: 'default',
  image: undefined,
  origin: undefined,
  version: undefined,
  pinned: false,
  locked: false,
  incompatible: false,
  local: undefined,
  unlocked: 'none',
  softRebootCapable: undefined,
  softRebootPrepared: false,
  cachedUpdate: undefined,
  composefs: false,
};

function running(booted: Partial<Deployment>, staged?: Partial<Deployment>): HostStatus {
  return {
    tool: 'bootc',
    booted: { ...PLAIN, ...booted },
    staged: staged && { ...PLAIN, ...staged },
    pending: undefined,
    rollback: undefined,
    others: [],
    transaction: undefined,
    readOnly: false,
  };
}

const MISSING = 'the host does not have it';
const LOSES = 'packages are layered on the host, and a switch would lose them';

test('chooseDriver() takes the preferred tool, else the first that can, and says why not another', () => {
  const old = { ...FAKE_CAPABILITIES, bootc: { ...FAKE_CAPABILITIES.bootc!, version: [1, 0, 9] } };
  const bare = { ...FAKE_CAPABILITIES, bootc: undefined, rpmOstree: undefined };
  const incapable = { ...bare, rpmOstree: { ...FAKE_CAPABILITIES.rpmOstree!, containers: false } };
  const nothing = { ...bare, ostree: { ...FAKE_CAPABILITIES.ostree!, version: [2021, 1] } };
  const cases: Readonly<Record<string, readonly [DriverChoice, DriverChoice]>> = {
    'all tools': [chooseDriver(FAKE_CAPABILITIES), { driver: 'bootc', reasons: [] }],
    'a preference': [
      chooseDriver(FAKE_CAPABILITIES, { preferred: 'rpm-ostree' }),
      { driver: 'rpm-ostree', reasons: [] },
    ],
    'a preferred tool that is not there': [
      chooseDriver({ ...FAKE_CAPABILITIES, bootc: undefined }, { preferred: 'bootc' }),
      { driver: 'rpm-ostree', reasons: [`bootc: ${MISSING}`] },
    ],
    'layered packages': [
      chooseDriver(FAKE_CAPABILITIES, { preferred: 'bootc', status: running({ incompatible: true }) }),
      { driver: 'rpm-ostree', reasons: [`bootc: ${LOSES}`] },
    ],
    'layered packages that are only staged': [
      chooseDriver(FAKE_CAPABILITIES, { status: running({}, { incompatible: true }) }),
      { driver: 'rpm-ostree', reasons: [`bootc: ${LOSES}`] },
    ],
    'packages to be layered, and no rpm-ostree': [
      chooseDriver({ ...FAKE_CAPABILITIES, rpmOstree: undefined }, { layering: true }),
      {
        driver: undefined,
        reasons: [
          `bootc: ${LOSES}`,
          `rpm-ostree: ${MISSING}`,
          'ostree: packages are layered on the host, and it does not know packages',
        ],
      },
    ],
    'an old bootc': [
      chooseDriver(old),
      { driver: 'rpm-ostree', reasons: ['bootc: the host has 1.0.9, older than 1.1'] },
    ],
    'ostree alone': [
      chooseDriver(bare),
      { driver: 'ostree', reasons: [`bootc: ${MISSING}`, `rpm-ostree: ${MISSING}`] },
    ],
    'an rpm-ostree without containers': [
      chooseDriver(incapable),
      {
        driver: 'ostree',
        reasons: [`bootc: ${MISSING}`, 'rpm-ostree: it cannot rebase to container images'],
      },
    ],
    'nothing that can': [
      chooseDriver(nothing),
      {
        driver: undefined,
        reasons: [
          `bootc: ${MISSING}`,
          `rpm-ostree: ${MISSING}`,
          'ostree: the host has 2021.1, older than 2022.7',
        ],
      },
    ],
    'the composefs backend': [
      chooseDriver(FAKE_CAPABILITIES, { preferred: 'ostree', status: running({ composefs: true }) }),
      {
        driver: undefined,
        reasons: ['ostree', 'bootc', 'rpm-ostree'].map(
          (tool) => `${tool}: on the composefs backend nothing can be held back until the node is drained`,
        ),
      },
    ],
    'no ostree deployment': [
      chooseDriver({ ...bare, ostreeBooted: false }),
      {
        driver: undefined,
        reasons: [
          `bootc: ${MISSING}`,
          `rpm-ostree: ${MISSING}`,
          'ostree: the host was not booted from an ostree deployment',
        ],
      },
    ],
  };
  for (const [name, [actual, expected]] of Object.entries(cases)) assert.deepEqual(actual, expected, name);
});

test('parseToolVersion() finds the version in what each tool prints', () => {
  assert.deepEqual(parseToolVersion('bootc 1.16.9\n'), [1, 16, 9]);
  assert.deepEqual(parseToolVersion("libostree:\n Version: '2022.7'\n Features:\n  - libcurl\n"), [2022, 7]);
  assert.deepEqual(parseToolVersion("rpm-ostree:\n Version: '2026.2'\n Git: d5ef5f0c\n"), [2026, 2]);
  assert.deepEqual(parseToolVersion('systemd 252 (252.38-1~deb12u1)\n+PAM'), [252]);
  assert.deepEqual(parseToolVersion('skopeo version 1.9.3'), [1, 9, 3]);
  assert.equal(parseToolVersion('garbage'), undefined);
});

test('isAtLeast() compares part by part', () => {
  assert.ok(isAtLeast([1, 1, 4], [1, 1]));
  assert.ok(isAtLeast([2022, 16], [2022, 16]));
  assert.ok(!isAtLeast([2022, 7], [2022, 16]));
  assert.ok(isAtLeast([2023], [2022, 16]));
  assert.ok(!isAtLeast([1], [1, 0, 1]));
  assert.ok(!isAtLeast(undefined, [0]));
});
