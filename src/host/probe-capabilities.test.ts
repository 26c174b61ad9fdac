import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { FakeHost } from './fake-host.ts';
import { probeCapabilities } from './probe-capabilities.ts';

/** A tool that answers by its arguments and fails for others. */
function answers(table: Readonly<Record<string, string>>): string {
  const cases = Object.entries(table).map(([args, text]) => `"${args}") printf '%s\\n' '${text}' ;;`);
  return `case "$*" in ${cases.join(' ')} *) echo "error: unrecognized" >&2; exit 2 ;; esac`;
}

test('probeCapabilities() finds features in help texts, and in the version what no help text shows', async (t) => {
  const host = await FakeHost.make({});
  t.after(() => host.remove());
  await host.replace(
    'bootc',
    answers({
      '--version': 'bootc 1.16.9',
      'switch --help': '  --enforce-container-sigpolicy  x\n  --retain',
      'loader-entries --help': '  set-options-for-source  x',
    }),
  );
  await host.replace(
    'rpm-ostree',
    answers({
      '--version': 'rpm-ostree:\n Version: "2026.2"\n Features:\n  - rust\n  - container'.replaceAll('"', ''),
      'rebase --help': '  --lock-finalization',
      'kargs --help': '  --append=K=V',
    }),
  );
  await host.replace(
    'ostree',
    answers({
      '--version': 'libostree:\n Version: 2025.3',
      'admin --help': '  prepare-soft-reboot    x\n  pin   x',
      'admin status --help': '  -J, --json   Emit JSON',
    }),
  );
  await host.replace('skopeo', answers({ '--version': 'skopeo version 1.22.2' }));
  await host.replace('systemctl', answers({ '--version': 'systemd 257 (257.1)\n+PAM' }));
  await mkdir(join(host.folder, 'run'));
  await writeFile(join(host.folder, 'run/ostree-booted'), '');
  assert.deepEqual(await probeCapabilities(host.runner), {
    ostreeBooted: true,
    bootc: {
      version: [1, 16, 9],
      switchDownloadOnly: false,
      signaturePolicy: true,
      loaderEntries: true,
      progress: true,
    },
    rpmOstree: { version: [2026, 2], containers: true, lockFinalization: true, unchangedExit77: false },
    ostree: {
      version: [2025, 3],
      jsonStatus: true,
      lockFinalization: true,
      lockedStaging: 'none',
      softReboot: true,
      setDefault: false,
    },
    skopeo: [1, 22, 2],
    systemd: [257],
    softReboot: false,
  });
});

test('probeCapabilities() takes a tool that hangs, fails or talks nonsense for absent', async (t) => {
  const host = await FakeHost.make({});
  t.after(() => host.remove());
  await host.replace('bootc', 'sleep 60');
  await host.replace('rpm-ostree', 'echo nonsense');
  await host.replace('ostree', 'exit 1');
  await host.replace('skopeo', 'kill -9 $$');
  await host.replace('systemctl', String.raw`printf '\377\376'`);
  const found = await probeCapabilities(host.runner, { deadline: 200 });
  assert.deepEqual(found, {
    ostreeBooted: false,
    bootc: undefined,
    rpmOstree: undefined,
    ostree: undefined,
    skopeo: undefined,
    systemd: undefined,
    softReboot: false,
    unanswered: ['bootc', 'skopeo'],
  });
  const signal = AbortSignal.abort();
  await assert.rejects(probeCapabilities(host.runner, { signal }), { code: 'aborted' });
});
