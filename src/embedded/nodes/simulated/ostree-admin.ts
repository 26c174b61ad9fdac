import { join } from 'node:path';
import { cleanUp, dropStaged, writeBootEntries } from './boot-loader.ts';
import {
  bootableDeployments,
  bootedName,
  Origin,
  stagedDeployment,
  treeOf,
  type Deployment,
} from './deployment.ts';
import { type DeploymentFacts, NEXT_ROOT, readDeployments } from './deployment-facts.ts';
import { diffEtc } from './etc-merge.ts';
import { removeTree, replaceFile, textOf } from './files.ts';
import { STATEROOT } from './machine-folder.ts';
import { setLocked, stage } from './stage.ts';
import { ToolError } from './tool-error.ts';
import type { ToolRun } from './tool-run.ts';
import { isSince } from './tool-versions.ts';

/** Verbs, and the releases that they came with (host-contract §3.5). */
const VERBS: Readonly<Record<string, string>> = {
  cleanup: '0',
  'config-diff': '0',
  deploy: '0',
  'lock-finalization': '2023.8',
  pin: '0',
  'prepare-soft-reboot': '2025.3',
  'set-default': '2021.1',
  status: '0',
  undeploy: '0',
};

/** `ostree admin` (host-contract §3.5). */
export async function ostreeAdmin(run: ToolRun, release: string): Promise<void> {
  const verb = run.args[1] ?? '';
  const known = Object.entries(VERBS).filter(([, since]) => isSince(release, since));
  if (verb === '--help') {
    run.out('Usage:\n  ostree admin [OPTION…] COMMAND\n\nBuiltin "admin" Commands:');
    for (const [name] of known) run.out(`  ${name.padEnd(28)}of the simulated ostree`);
    return;
  }
  if (!known.some(([name]) => name === verb)) throw new ToolError(`Unknown "admin" subcommand '${verb}'`);
  if (run.has('--help')) {
    run.out(`Usage:\n  ostree admin ${verb} [OPTION…]`);
    if (verb === 'status' && isSince(release, '2025.3'))
      run.out('  --json                       Output JSON');
    return;
  }
  switch (verb) {
    case 'status':
      status(run, release);
      return;
    case 'config-diff':
      configDiff(run);
      return;
    default:
      await run.withLock(() => change(run, verb));
  }
}

async function change(run: ToolRun, verb: string): Promise<void> {
  switch (verb) {
    case 'lock-finalization': {
      const staged = stagedDeployment(run.machine);
      if (staged === undefined) throw new ToolError('No staged deployment');
      await run.step('lock');
      setLocked(run.machine, staged, !run.has('-u', '--unlock'));
      return;
    }
    case 'pin':
      pin(run);
      return;
    case 'undeploy':
      await undeploy(run);
      return;
    case 'set-default': {
      const { deployment } = chosen(run);
      dropStaged(run.machine);
      const all = bootableDeployments(run.machine);
      writeBootEntries(run.machine, [deployment, ...all.filter((one) => one.name !== deployment.name)]);
      return;
    }
    case 'cleanup':
      cleanUp(run.machine);
      run.machine.repository.prune(
        new Set(readDeployments(run.machine).map(({ deployment }) => deployment.checksum)),
      );
      return;
    case 'prepare-soft-reboot':
      prepareSoftReboot(run);
      return;
    case 'deploy':
      await deploy(run);
      return;
    default:
  }
}

/** The deployment that an index or a word names. */
function chosen(run: ToolRun): DeploymentFacts {
  const all = readDeployments(run.machine);
  const [, name = ''] = run.operands();
  const booted = all.findIndex((one) => one.isBooted);
  const word = { booted, pending: booted > 0 ? 0 : -1, rollback: booted + 1 }[name];
  const index = word ?? Number(name);
  const found = all[index];
  if (found === undefined)
    throw new ToolError(`Out of range deployment index ${name}, expected < ${all.length}`);
  return found;
}

function pin(run: ToolRun): void {
  const { deployment, isStaged } = chosen(run);
  if (isStaged) throw new ToolError('Cannot pin staged deployment');
  const origin = new Origin(run.machine, deployment);
  const unpin = run.has('-u', '--unpin');
  if (origin.isPinned !== unpin) {
    run.out(`Deployment is already ${unpin ? 'unpinned' : 'pinned'}`);
    return;
  }
  origin.set('libostree-transient', 'pinned', unpin ? undefined : 'true');
  origin.write();
  run.out(`Deployment is now ${unpin ? 'unpinned' : 'pinned'}`);
}

async function undeploy(run: ToolRun): Promise<void> {
  const { machine } = run;
  const { deployment, isBooted, isStaged, isPinned, index } = chosen(run);
  if (isBooted) throw new ToolError(`Cannot undeploy currently booted deployment ${index}`);
  if (isPinned) throw new ToolError(`Cannot undeploy pinned deployment ${index}`);
  await run.step('lock');
  if (isStaged) dropStaged(machine);
  else
    writeBootEntries(
      machine,
      bootableDeployments(machine).filter((one) => one.name !== deployment.name),
    );
  cleanUp(machine);
  run.out(`Deleted deployment ${deployment.name}`);
}

function prepareSoftReboot(run: ToolRun): void {
  const { machine } = run;
  if (run.has('--reset')) {
    removeTree(machine.at(NEXT_ROOT));
    return;
  }
  const { deployment, isBooted, isSoftRebootCapable, isStaged, index } = chosen(run);
  if (isBooted) throw new ToolError(`Cannot prepare for soft-reboot currently booted deployment ${index}`);
  if (!isSoftRebootCapable)
    throw new ToolError('Cannot soft-reboot to deployment with different kernel state');
  if (!isStaged) dropStaged(machine);
  replaceFile(machine.at(NEXT_ROOT), deployment.name);
}

async function deploy(run: ToolRun): Promise<void> {
  const { machine } = run;
  if (!run.has('--stage')) throw new ToolError('A simulated host deploys only what it stages');
  const revision = run.operands('--os', '--origin-file', '--karg-append', '--karg')[1] ?? '';
  const commit = machine.repository.resolve(revision);
  if (commit === undefined || machine.repository.metadata(commit) === undefined) {
    throw new ToolError(`Refspec '${revision}' not found`);
  }
  const booted = bootableDeployments(machine).find((one) => one.name === bootedName(machine));
  if (booted === undefined) throw new ToolError('Not currently booted into an OSTree system');
  const given = run.option('--origin-file');
  const origin = given === undefined ? `[origin]\nrefspec=${revision}\n` : (textOf(machine.at(given)) ?? '');
  const kept = run.has('--karg-none') || booted.options === '' ? [] : [booted.options];
  const options = [...kept, ...run.options('--karg-append')].join(' ');
  await run.step('stage');
  stage(machine, { commit, origin, options, sources: booted.sources, locked: false });
  await run.step('staged');
}

function status(run: ToolRun, release: string): void {
  const all = readDeployments(run.machine);
  const booted = all.findIndex((one) => one.isBooted);
  if (run.has('--json')) {
    if (!isSince(release, '2025.3')) throw new ToolError('Unknown option --json');
    run.json({ deployments: all.map((one) => jsonOf(one, booted)) });
    return;
  }
  if (all.length === 0) run.out('No deployments.');
  for (const one of all) for (const line of linesOf(one, booted, release)) run.out(line);
}

function jsonOf(one: DeploymentFacts, booted: number): unknown {
  const { deployment, origin, version } = one;
  return {
    checksum: deployment.checksum,
    stateroot: STATEROOT,
    refspec: origin.get('origin', 'refspec') ?? null,
    serial: deployment.serial,
    index: one.index,
    booted: one.isBooted,
    pending: one.index < booted,
    rollback: booted >= 0 && one.index === booted + 1,
    'finalization-locked': one.isLocked || one.isMarked,
    'soft-reboot-target': one.isSoftRebootTarget,
    staged: one.isStaged,
    pinned: one.isPinned,
    unlocked: 'none',
    ...(version === undefined ? {} : { version }),
  };
}

function linesOf(one: DeploymentFacts, booted: number, release: string): readonly string[] {
  const { deployment, version, origin } = one;
  const isLocked = (one.isLocked || one.isMarked) && isSince(release, '2023.8');
  const role = isLocked
    ? ' (finalization locked)'
    : one.isStaged
      ? ' (staged)'
      : one.index < booted
        ? ' (pending)'
        : one.index === booted + 1
          ? ' (rollback)'
          : '';
  const soft = one.isSoftRebootTarget ? ' (soft-reboot)' : '';
  const refspec = origin.get('origin', 'refspec');
  return [
    `${one.isBooted ? '*' : ' '} ${STATEROOT} ${deployment.checksum}.${deployment.serial}${role}${soft}`,
    ...(version === undefined ? [] : [`    Version: ${version}`]),
    ...(one.isPinned ? ['    Pinned: yes'] : []),
    refspec === undefined ? '    origin: <unknown origin type>' : `    origin refspec: ${refspec}`,
  ];
}

function configDiff(run: ToolRun): void {
  const { machine } = run;
  const name = bootedName(machine);
  if (name === undefined) throw new ToolError('Not currently booted into an OSTree system');
  const tree = treeOf(machine, { name } satisfies Pick<Deployment, 'name'>);
  const { modified, removed, added } = diffEtc(join(tree, 'usr/etc'), join(tree, 'etc'));
  for (const path of modified) run.out(`M    ${path}`);
  for (const path of removed) run.out(`D    ${path}`);
  for (const path of added) run.out(`A    ${path}`);
}
