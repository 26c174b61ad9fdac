import { cleanUp, dropStaged, writeBootEntries } from './boot-loader.ts';
import { bootcArguments, withSource } from './bootc-arguments.ts';
import { BootcPullProgress } from './bootc-pull-progress.ts';
import { bootcDocument } from './bootc-document.ts';
import { bootableDeployments, bootedName } from './deployment.ts';
import { type DeploymentFacts, isChangedLocally, readDeployments } from './deployment-facts.ts';
import { meddle, pull } from './new-image.ts';
import { noteReboot, stage } from './stage.ts';
import { ToolError } from './tool-error.ts';
import type { ToolRun } from './tool-run.ts';
import { isSince } from './tool-versions.ts';

/** `bootc` as it stands on a host (host-contract §1). */
export async function bootc(run: ToolRun): Promise<void> {
  const release = run.settings.tools.bootc?.version ?? '';
  const [verb] = run.args;
  if (verb === '--version') {
    run.out(`bootc ${release}`);
    return;
  }
  if (run.has('--help')) {
    help(run, verb ?? '', release);
    return;
  }
  switch (verb) {
    case 'status':
      // It reads under the lock, and so waits for whoever changes something.
      await run.withLock(async () => {
        run.json(bootcDocument(run.machine, release));
        await Promise.resolve();
      });
      return;
    case 'switch':
      await run.withLock(() => switchTo(run));
      return;
    case 'upgrade':
    case 'update':
      run.out('No changes in the tracked image.');
      return;
    case 'rollback':
      await run.withLock(() => rollBack(run));
      return;
    case 'loader-entries':
      if (isSince(release, '1.15.2')) {
        await run.withLock(() => setOptions(run));
        return;
      }
      throw usage(verb);
    case 'internals':
      if (run.args[1] !== 'cleanup') throw usage(run.args[1] ?? '');
      await run.withLock(async () => {
        await run.step('lock');
        cleanUp(run.machine);
        run.machine.repository.prune(
          new Set(readDeployments(run.machine).map(({ deployment }) => deployment.checksum)),
        );
      });
      return;
    case undefined:
    default:
      throw usage(verb ?? '');
  }
}

function usage(verb: string): ToolError {
  return new ToolError(`unrecognized subcommand '${verb}'\n\nUsage: bootc <COMMAND>`, 2);
}

function help(run: ToolRun, verb: string, release: string): void {
  switch (verb) {
    case 'switch':
      run.out(
        'Target a new container image reference to boot\n\nUsage: bootc switch [OPTIONS] <TARGET>\n\nOptions:',
      );
      run.out(
        '      --apply\n      --transport <TRANSPORT>\n      --enforce-container-sigpolicy\n      --retain',
      );
      if (run.settings.tools.bootc?.switchDownloadOnly === true) run.out('      --download-only');
      if (isSince(release, '1.8.0')) run.out('      --soft-reboot <SOFT_REBOOT>');
      return;
    case 'loader-entries':
      if (!isSince(release, '1.15.2')) throw usage(verb);
      run.out(
        'Usage: bootc loader-entries <COMMAND>\n\nCommands:\n  set-options-for-source  Set the options of a source',
      );
      return;
    default:
      run.out('Deploy and transactionally in-place with bootable container images\n\nUsage: bootc <COMMAND>');
  }
}

/** The deployment that what is tracked follows from. */
function tracked(all: readonly DeploymentFacts[]): DeploymentFacts | undefined {
  return all.find((one) => one.isStaged) ?? all.find((one) => one.isBooted);
}

async function switchTo(run: ToolRun): Promise<void> {
  const { machine } = run;
  const image = run.operands('--progress-fd', '--transport', '--soft-reboot')[0] ?? '';
  const prefix = run.has('--enforce-container-sigpolicy')
    ? 'ostree-image-signed:docker://'
    : 'ostree-unverified-registry:';
  const reference = `${prefix}${image}`;
  const locked = run.has('--download-only');
  if (locked && run.settings.tools.bootc?.switchDownloadOnly !== true) {
    throw new ToolError(`unexpected argument '--download-only' found`, 2);
  }
  const current = tracked(readDeployments(machine));
  if (current?.imageReference === reference && !isChangedLocally(current)) {
    run.out('Image specification is unchanged.');
    return;
  }
  const progress = new BootcPullProgress(run, image);
  const { commit, digest } = await pull(run, image, (event) => progress.layer(event));
  progress.imported(digest);
  const booted = readDeployments(machine).find((one) => one.isBooted);
  if (booted === undefined) throw new ToolError('Not currently booted into an OSTree system');
  await run.step('stage');
  const options = bootcArguments(machine, booted.deployment, commit);
  const origin = `[origin]\ncontainer-image-reference=${reference}\n`;
  stage(machine, { commit, origin, options, sources: booted.deployment.sources, locked });
  progress.staged(digest);
  await run.step('staged');
  noteReboot(machine);
  await meddle(run);
  run.out(`Queued for next boot: ${image}`);
  run.out(`  Digest: ${digest}`);
}

/** Changes which of two boots first: a second time, back (host-contract §1.2). */
async function rollBack(run: ToolRun): Promise<void> {
  const { machine } = run;
  const booted = bootedName(machine);
  const all = bootableDeployments(machine);
  const other = all.find((one) => one.name !== booted);
  if (other === undefined) throw new ToolError('No rollback available');
  await run.step('lock');
  dropStaged(machine);
  const rest = all.filter((one) => one.name !== other.name);
  writeBootEntries(machine, all[0]?.name === other.name ? [...rest, other] : [other, ...rest]);
  run.out('Next boot: rollback deployment');
}

/** Arguments that belong to somebody by name; what is staged keeps its image (host-contract §4.3). */
async function setOptions(run: ToolRun): Promise<void> {
  const { machine } = run;
  if (run.args[1] !== 'set-options-for-source') throw usage(run.args[1] ?? '');
  const source = run.option('--source') ?? '';
  if (!/^[A-Za-z0-9_-]+$/.test(source)) throw new ToolError(`Invalid source name: '${source}'`);
  const wanted = run.option('--options');
  const current = tracked(readDeployments(machine));
  if (current === undefined) throw new ToolError('Not currently booted into an OSTree system');
  const { deployment, origin } = current;
  const change = withSource(deployment, source, wanted);
  if (change === undefined) {
    run.out('No changes needed.');
    return;
  }
  await run.step('stage');
  stage(machine, { commit: deployment.checksum, origin: origin.text, ...change, locked: false });
  await run.step('staged');
  run.out(`Staged deployment with updated kargs for source '${source}'`);
}
