import { NEXT_ROOT } from './deployment-facts.ts';
import { statOf } from './files.ts';
import { MachineJournal } from './journal.ts';
import { ToolError } from './tool-error.ts';
import type { ToolRun } from './tool-run.ts';
import { Units } from './units.ts';

const SKIP_SOFT = 'SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT';

/** `systemctl`, as far as an agent or a person needs it on a machine here. */
export function systemctl(run: ToolRun): void {
  const verb = run.args.find((argument) => !argument.startsWith('-')) ?? run.args[0];
  const names = run.args.filter((argument) => !argument.startsWith('-') && argument !== verb);
  switch (verb) {
    case '--version': {
      const release = run.settings.tools.systemd ?? '257';
      run.out(`systemd ${release} (${release}-1)\n+PAM +AUDIT +SELINUX`);
      return;
    }
    case 'show':
      for (const name of names) show(run, name);
      return;
    case 'is-active':
    case 'is-failed':
    case 'is-enabled':
      query(run, verb, names);
      return;
    case 'reboot':
    case 'soft-reboot':
    case 'poweroff':
      power(run, verb, run.process.environment[SKIP_SOFT]);
      return;
    case 'daemon-reload':
      new MachineJournal(run.machine).write('init.scope', 'Reloading.');
      return;
    case undefined:
    default:
      for (const name of names) changeUnit(run, verb ?? '', name);
  }
}

/** `systemd-run`: the one command that it is given runs at once. */
export function systemdRun(run: ToolRun): void {
  const at = run.args.indexOf('--');
  const command = at < 0 ? [] : run.args.slice(at + 1);
  const unit = run.option('--unit');
  const units = new Units(run.machine);
  if (unit !== undefined && units.state(unit).active === 'active') {
    throw new ToolError(
      `Failed to start transient service unit: Unit ${unit} was already loaded or has a fragment file.`,
    );
  }
  if (unit !== undefined) units.set(unit, 'active');
  const [tool, verb] = command;
  if (tool === 'systemctl' && (verb === 'reboot' || verb === 'soft-reboot' || verb === 'poweroff')) {
    const set = run.options('--setenv').find((one) => one.startsWith(`${SKIP_SOFT}=`));
    power(run, verb, set?.slice(SKIP_SOFT.length + 1));
  }
}

/** A prepared soft reboot takes the place of a reboot, unless it is told not to (host-contract §7.1). */
function power(run: ToolRun, verb: 'reboot' | 'soft-reboot' | 'poweroff', skip: string | undefined): void {
  const isPrepared = statOf(run.machine.at(NEXT_ROOT)) !== undefined;
  new MachineJournal(run.machine).write('systemd-logind.service', `The system will ${verb} now!`);
  run.process.power(verb === 'reboot' && isPrepared && skip !== '1' ? 'soft-reboot' : verb);
}

function show(run: ToolRun, name: string): void {
  const { load, active, sub, result, enablement } = new Units(run.machine).state(name);
  const all: Readonly<Record<string, string>> = {
    Id: name,
    LoadState: load,
    ActiveState: active,
    SubState: sub,
    Result: result,
    UnitFileState: enablement,
  };
  const asked = run.options('--property').flatMap((list) => list.split(','));
  for (const property of asked.length === 0 ? Object.keys(all) : asked) {
    run.out(run.has('--value') ? (all[property] ?? '') : `${property}=${all[property] ?? ''}`);
  }
}

function query(run: ToolRun, verb: 'is-active' | 'is-failed' | 'is-enabled', names: readonly string[]): void {
  const units = new Units(run.machine);
  const states = names.map((name) => units.state(name));
  for (const state of states) run.out(verb === 'is-enabled' ? state.enablement : state.active);
  const holds = states.some((state) =>
    verb === 'is-enabled' ? state.enablement === 'enabled' : state.active === verb.slice(3),
  );
  if (!holds) throw new ToolError('', verb === 'is-active' ? 3 : 1);
}

function changeUnit(run: ToolRun, verb: string, name: string): void {
  const units = new Units(run.machine);
  const journal = new MachineJournal(run.machine);
  const must = (): void => {
    const { load } = units.state(name);
    if (load === 'not-found') throw new ToolError(`Failed to ${verb} ${name}: Unit ${name} not found.`, 5);
    if (load === 'masked') throw new ToolError(`Failed to ${verb} ${name}: Unit ${name} is masked.`);
  };
  const { active } = units.state(name);
  switch (verb) {
    case 'start':
    case 'restart':
    case 'reload':
    case 'reload-or-restart':
    case 'try-restart':
    case 'try-reload-or-restart':
      must();
      if (verb === 'reload' && active !== 'active') {
        throw new ToolError(`${name} is not active, cannot reload.`);
      }
      if (verb.startsWith('try-') && active !== 'active') return;
      journal.write(
        name,
        `${verb === 'start' ? 'Started' : verb.includes('reload') ? 'Reloaded' : 'Restarted'} ${name}.`,
      );
      units.set(name, 'active');
      return;
    case 'stop':
      journal.write(name, `Stopped ${name}.`);
      units.set(name, 'inactive');
      return;
    case 'reset-failed':
      if (active === 'failed') units.set(name, 'inactive');
      return;
    case 'enable':
      must();
      units.enable(name);
      if (run.has('--now')) units.set(name, 'active');
      return;
    case 'disable':
      units.disable(name);
      if (run.has('--now')) units.set(name, 'inactive');
      return;
    case 'mask':
      if (!units.mask(name)) {
        throw new ToolError(`Failed to mask unit: File '/etc/systemd/system/${name}' already exists.`);
      }
      return;
    case 'unmask':
      units.unmask(name);
      return;
    default:
      throw new ToolError(`Unknown command verb ${verb}.`);
  }
}

/** `journalctl` of one boot and unit. */
export function journalctl(run: ToolRun): void {
  const boot = run.option('--boot') ?? run.option('-b') ?? '0';
  const unit = run.option('--unit') ?? run.option('-u');
  const entries = new MachineJournal(run.machine).read(Number(boot));
  if (entries === undefined)
    throw new ToolError(
      `Data from the specified boot (${boot}) is not available: No such boot ID in journal`,
    );
  const format = run.option('--output') ?? run.option('-o') ?? 'short';
  for (const entry of entries) {
    if (unit !== undefined && entry.unit !== unit) continue;
    const { message, id } = entry;
    if (format === 'json') {
      run.json({
        MESSAGE: message,
        ...(id === undefined ? {} : { MESSAGE_ID: id }),
        _SYSTEMD_UNIT: entry.unit,
      });
    } else run.out(format === 'cat' ? message : `${entry.unit}: ${message}`);
  }
}
