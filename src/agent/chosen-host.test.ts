import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeployTool, HostCapabilities } from '../host/index.ts';
import type { AgentHost } from './agent-host.ts';
import { ChosenHost } from './chosen-host.ts';
import { modelHost } from './test-images.ts';

const { signal } = new AbortController();
const BOOTC = {
  version: [1, 16, 9],
  switchDownloadOnly: false,
  loaderEntries: true,
  progress: true,
  signaturePolicy: true,
} as const;
const BOTH: HostCapabilities = {
  ostreeBooted: true,
  bootc: BOOTC,
  rpmOstree: { version: [2026, 2], containers: true, lockFinalization: true, unchangedExit77: true },
  ostree: undefined,
  skopeo: undefined,
  systemd: [257],
  softReboot: false,
};
const HANGING: HostCapabilities = { ...BOTH, bootc: undefined, unanswered: ['bootc'] };

interface Lab {
  readonly host: ChosenHost;
  /** What each probe finds, in order; the last one for ever. */
  readonly found: HostCapabilities[];
  readonly opened: DeployTool[];
  readonly chosen: DeployTool[];
  probes: number;
}

function open(...found: HostCapabilities[]): Lab {
  const view = modelHost().view();
  const lab: Omit<Lab, 'host'> = { found, opened: [], chosen: [], probes: 0 };
  const host = new ChosenHost({
    probe: () => {
      lab.probes += 1;
      return Promise.resolve(found[Math.min(lab.probes, found.length) - 1] ?? BOTH);
    },
    preferred: () => undefined,
    open: (tool) => {
      lab.opened.push(tool);
      return { look: () => Promise.resolve({ state: 'fresh', view }) } as unknown as AgentHost;
    },
    onChoice: ({ tool }) => lab.chosen.push(tool),
  });
  return Object.assign(lab, { host });
}

test('a host is asked once what it has', async () => {
  const lab = open(BOTH);
  for (let look = 0; look < 5; look += 1) await lab.host.look(signal);
  assert.deepEqual([lab.probes, lab.opened], [1, ['bootc']]);
});

test('a tool that gave no answer is asked again, and used once it answers', async () => {
  const lab = open(HANGING, BOTH);
  await lab.host.look(signal);
  assert.deepEqual(lab.chosen, ['rpm-ostree']);
  for (let look = 0; look < 5; look += 1) await lab.host.look(signal);
  assert.deepEqual([lab.probes, lab.opened], [2, ['rpm-ostree', 'bootc']]);
  assert.equal(lab.host.tool, 'bootc');
});

test('what the tool in use can do is seen when it answers', async () => {
  const slow = { ...BOTH, bootc: { ...BOOTC, loaderEntries: false }, unanswered: ['bootc'] };
  const lab = open(slow, BOTH);
  for (let look = 0; look < 3; look += 1) await lab.host.look(signal);
  assert.deepEqual([lab.opened, lab.chosen], [['bootc', 'bootc'], ['bootc']]);
});

test('a tool that never answers does not hold up every look', async () => {
  const lab = open(HANGING);
  for (let look = 0; look < 9; look += 1) await lab.host.look(signal);
  assert.deepEqual([lab.probes, lab.opened], [3, ['rpm-ostree']]);
});
