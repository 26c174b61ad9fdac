import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { findCompetitors } from './competitors.ts';
import { FakeHost } from './fake-host.ts';
import { lastFinalizationOf, readLastFinalization } from './last-finalization.ts';
import { Systemctl } from './systemctl.ts';

/** A host whose units have these states; systemd-run notes its arguments, one per line. */
async function hostOf(
  t: TestContext,
  units: Readonly<Record<string, string>>,
  systemdRun = 'exit 0',
): Promise<FakeHost> {
  const host = await FakeHost.make({});
  t.after(() => host.remove());
  const cases = Object.entries(units).map(([name, state]) => {
    const [load, active, enablement = ''] = state.split(' ');
    const text = `LoadState=${load}\\nActiveState=${active}\\nSubState=x\\nResult=success\\nUnitFileState=${enablement}`;
    return `"${name}") printf '${text}\\n' ;;`;
  });
  await host.replace(
    'systemctl',
    `case "$4" in ${cases.join(' ')} *) printf 'LoadState=not-found\\nActiveState=inactive\\n' ;; esac`,
  );
  await host.replace('systemd-run', `printf '%s\\n' "$@" > '${host.folder}/ran'; ${systemdRun}`);
  return host;
}

async function ran(host: FakeHost): Promise<readonly string[]> {
  return (await readFile(join(host.folder, 'ran'), 'utf8')).trimEnd().split('\n');
}

test('unit() tells a state, also of a unit that is not there', async (t) => {
  const host = await hostOf(t, { 'sshd.service': 'loaded active enabled' });
  const systemctl = new Systemctl(host.runner);
  assert.deepEqual(await systemctl.unit('sshd.service'), {
    ok: true,
    unit: {
      name: 'sshd.service',
      load: 'loaded',
      active: 'active',
      sub: 'x',
      result: 'success',
      enablement: 'enabled',
    },
  });
  const missing = await systemctl.unit('none.service');
  assert.ok(missing.ok && missing.unit.load === 'not-found');
  await host.replace('systemctl', 'echo nonsense');
  const odd = await systemctl.unit('sshd.service');
  assert.ok(!odd.ok && odd.failure.class === 'unreadable');
  await host.replace('systemctl', 'echo "Failed to connect to bus" >&2; exit 1');
  const failed = await systemctl.change('restart', ['sshd.service']);
  assert.ok(!failed.ok && failed.failure.excerpt === 'Failed to connect to bus\n');
});

test('reboot() is a unit of the host that waits for finalization and is no soft one', async (t) => {
  const host = await hostOf(t, {});
  const systemctl = new Systemctl(host.runner);
  assert.deepEqual(await systemctl.reboot({ reason: 'Varve: update' }), { ok: true });
  assert.deepEqual(await ran(host), [
    '--quiet',
    '--collect',
    '--unit=varve-reboot.service',
    '--description=Varve: update',
    '--property=Requires=ostree-finalize-staged.service',
    '--property=After=ostree-finalize-staged.service',
    '--setenv=SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT=1',
    '--',
    'systemctl',
    'reboot',
  ]);
  assert.deepEqual(await systemctl.softReboot({ reason: 'r', finalize: false }), { ok: true });
  assert.deepEqual((await ran(host)).slice(3), ['--description=r', '--', 'systemctl', 'soft-reboot']);
});

test('reboot() while one is under way is that one, and any other failure is one', async (t) => {
  const refused =
    'echo "Failed to start transient service unit: Unit varve-reboot.service was already loaded" >&2; exit 1';
  const twice = await hostOf(t, { 'varve-reboot.service': 'loaded active' }, refused);
  assert.deepEqual(await new Systemctl(twice.runner).reboot({ reason: 'r' }), { ok: true });
  const failing = await hostOf(t, {}, refused);
  assert.equal((await new Systemctl(failing.runner).reboot({ reason: 'r' })).ok, false);
});

test('findCompetitors() finds what runs or would', async (t) => {
  const host = await hostOf(t, {
    'bootc-fetch-apply-updates.timer': 'loaded inactive enabled',
    'rpm-ostreed-automatic.timer': 'loaded inactive disabled',
    'zincati.service': 'masked inactive',
  });
  const found = await findCompetitors(new Systemctl(host.runner));
  assert.deepEqual(
    found.map((unit) => unit.name),
    ['bootc-fetch-apply-updates.timer'],
  );
});

const entry = (message: unknown, id?: string): string =>
  `${JSON.stringify({ MESSAGE: message, MESSAGE_ID: id })}\n`;
const START = entry('Finalizing staged deployment', 'e8646cd63dff4625b77909a8e7a40994');

test('lastFinalizationOf() tells what the journal of the boot before tells', () => {
  const cases = {
    completed: [
      START + entry('Copying /etc changes') + entry('done', 'dd440e3e549083b63d0efc7dc15255f1'),
      {},
    ],
    failed: [
      `${START}${entry('error: During /etc merge: Modified config file newly defaults to directory')}`,
      { message: 'During /etc merge: Modified config file newly defaults to directory' },
    ],
    locked: [entry('Not finalizing; deployment is locked for finalization'), {}],
    'cut-short': [`${START}${entry(null)}{"MESSAGE":"cut o`, {}],
    'not-begun': ['', {}],
  } as const;
  for (const [outcome, [journal, more]] of Object.entries(cases)) {
    assert.deepEqual(lastFinalizationOf(journal), { outcome, ...more });
  }
  const bytes = entry([...Buffer.from('error: odd '), 255]);
  assert.deepEqual(lastFinalizationOf(bytes), { outcome: 'failed', message: 'odd �' });
});

test('readLastFinalization() believes the note of ostree first, then the journal, and says when there is none', async (t) => {
  const noted = await hostOf(t, { 'ostree-boot-complete.service': 'loaded failed static' });
  const text =
    'error: ostree-finalize-staged.service failed on previous boot: Writing kernel: No space left on device';
  await noted.replace('journalctl', `echo '${text}'`);
  assert.deepEqual(await readLastFinalization(noted.runner), {
    outcome: 'failed',
    message: 'Writing kernel: No space left on device',
  });
  const fine = await hostOf(t, { 'ostree-boot-complete.service': 'loaded inactive static' });
  await fine.replace('journalctl', `echo '${entry('x', 'dd440e3e549083b63d0efc7dc15255f1').trim()}'`);
  assert.deepEqual(await readLastFinalization(fine.runner), { outcome: 'completed' });
  await fine.replace('journalctl', 'echo "no persistent journal was found." >&2; exit 1');
  assert.deepEqual(await readLastFinalization(fine.runner), { outcome: 'unknown' });
});
