import { cleanUp, dropStaged, writeBootEntries } from './boot-loader.ts';
import { bootableDeployments, bootedName, Origin } from './deployment.ts';
import { type DeploymentFacts, readDeployments } from './deployment-facts.ts';
import { changedArguments } from './rpm-ostree-arguments.ts';
import { layerPackages } from './layered-packages.ts';
import { meddle, pull } from './new-image.ts';
import { rpmOstreeDocument } from './rpm-ostree-document.ts';
import { stage } from './stage.ts';
import { ToolError } from './tool-error.ts';
import type { ToolRun } from './tool-run.ts';
import { cancelTransaction, runningTransaction, transaction } from './rpm-ostree-transaction.ts';
import { isSince } from './tool-versions.ts';

/** `rpm-ostree` as it stands on a host (host-contract §2). */
export async function rpmOstree(run: ToolRun): Promise<void> {
  const release = run.settings.tools.rpmOstree?.version ?? '';
  const [verb] = run.args;
  if (verb === '--version') {
    run.out(
      `rpm-ostree:\n Version: '${release}'\n Git: v${release}\n Features:\n  - rust\n  - compose\n  - container\n  - fedora-integration`,
    );
    return;
  }
  if (run.has('--help')) {
    help(run, verb ?? '', release);
    return;
  }
  switch (verb) {
    case 'status':
      run.json(rpmOstreeDocument(run.machine, runningTransaction(run.machine)));
      return;
    case 'kargs':
      if (run.args.length === 1) {
        const [next] = readDeployments(run.machine);
        run.out(
          `${next?.deployment.options ?? ''} ostree=/ostree/boot.1/default/${next?.deployment.checksum ?? ''}/0`,
        );
        return;
      }
      await transaction(run, 'KernelArgs', () => changeArguments(run));
      return;
    case 'rebase':
      await transaction(run, 'Rebase', () => rebase(run));
      return;
    case 'cleanup':
      await transaction(run, 'Cleanup', () => cleanup(run));
      return;
    case 'rollback':
      await transaction(run, 'Rollback', () => rollBack(run));
      return;
    case 'install':
    case 'uninstall':
      await transaction(run, 'PkgChange', () => changePackages(run, verb));
      return;
    case 'cancel':
      cancelTransaction(run);
      return;
    case 'reload':
      return;
    case undefined:
    default:
      throw new ToolError(`Unknown command '${verb ?? ''}'`);
  }
}

function help(run: ToolRun, verb: string, release: string): void {
  run.out(`Usage:\n  rpm-ostree ${verb} [OPTION…]\n\nApplication Options:`);
  if (['rebase', 'kargs'].includes(verb))
    run.out('  --lock-finalization          Prevent automatic deployment finalization on shutdown');
  if (verb === 'kargs' && isSince(release, '2019.6'))
    run.out('  --unchanged-exit-77          If no kernel args changed, exit 77');
  run.out('  --reboot                     Initiate a reboot after operation is complete');
}

async function rebase(run: ToolRun): Promise<void> {
  const { machine } = run;
  const reference = run.operands().at(-1) ?? '';
  const [, image] =
    /^(?:ostree-unverified-registry|ostree-unverified-image:registry|ostree-image-signed:docker|ostree-unverified-image:docker):(?:\/\/)?(.+)$/.exec(
      reference,
    ) ?? [];
  if (image === undefined || image.startsWith('docker://'))
    throw new ToolError(`invalid reference format: ${reference}`);
  const [pending] = readDeployments(machine);
  if (pending?.imageReference === reference) throw new ToolError(`Old and new refs are equal: ${reference}`);
  run.out(`Pulling manifest: ${reference}`);
  const pulled = await pull(run, image, ({ digest, size, index, needed, done, cached }) => {
    if (index === 0 && !done) {
      const total = needed.reduce((sum, layer) => sum + layer.size, 0);
      run.out(`Importing: ${reference} (digest: ${digest})`);
      run.out(`custom layers already present: ${cached.length}`);
      run.out(`custom layers needed: ${needed.length} (${(total / 1e6).toFixed(1)} MB)`);
    }
    if (!done)
      run.out(`[${index + 1}/${needed.length}] Fetching layer ${digest} (${(size / 1e3).toFixed(1)} kB)...`);
  });
  const booted = readDeployments(machine).find((one) => one.isBooted);
  if (booted === undefined || pending === undefined)
    throw new ToolError('Not currently booted into an OSTree system');
  await run.step('stage');
  const origin = new Origin(machine, pending.deployment);
  origin.set('origin', 'refspec', undefined);
  origin.set('origin', 'container-image-reference', reference);
  const commit = layerPackages(machine, pulled.commit, origin.list('packages', 'requested'));
  run.out('Staging deployment... done');
  // It does not know of what images bring (host-contract §4.4).
  const { options, sources } = booted.deployment;
  stage(machine, { commit, origin: origin.text, options, sources, locked: run.has('--lock-finalization') });
  await run.step('staged');
  await meddle(run);
}

async function changeArguments(run: ToolRun): Promise<void> {
  const [next] = readDeployments(run.machine);
  if (next === undefined) throw new ToolError('Not currently booted into an OSTree system');
  const options = changedArguments(next.deployment.options, run.args);
  if (options === next.deployment.options && run.has('--unchanged-exit-77')) {
    run.out('No changes.');
    throw new ToolError('', 77);
  }
  await run.step('stage');
  restage(run, next, next.deployment.checksum, options, next.origin);
  run.out('Staging deployment... done\nKernel arguments updated.');
  await run.step('staged');
}

async function changePackages(run: ToolRun, verb: 'install' | 'uninstall'): Promise<void> {
  const { machine } = run;
  const [next] = readDeployments(machine);
  if (next === undefined) throw new ToolError('Not currently booted into an OSTree system');
  const named = run.operands();
  const { layered, origin } = next;
  const wanted =
    verb === 'install'
      ? [...new Set([...layered, ...named])]
      : layered.filter((name) => !named.includes(name));
  await run.step('stage');
  origin.set('packages', 'requested', wanted.length === 0 ? undefined : `${wanted.join(';')};`);
  const commit = layerPackages(machine, next.base ?? next.deployment.checksum, wanted);
  restage(run, next, commit, next.deployment.options, origin);
  await run.step('staged');
}

function restage(run: ToolRun, next: DeploymentFacts, commit: string, options: string, origin: Origin): void {
  const { sources } = next.deployment;
  stage(run.machine, {
    commit,
    origin: origin.text,
    options,
    sources,
    locked: run.has('--lock-finalization'),
  });
}

async function cleanup(run: ToolRun): Promise<void> {
  const { machine } = run;
  await run.step('lock');
  const booted = bootedName(machine);
  const all = bootableDeployments(machine);
  let kept = all;
  if (run.has('--pending', '-p')) {
    dropStaged(machine);
    const at = all.findIndex((one) => one.name === booted);
    kept = kept.filter((one, index) => index >= at || new Origin(machine, one).isPinned);
  }
  if (run.has('--rollback', '-r')) {
    const at = kept.findIndex((one) => one.name === booted);
    kept = kept.filter((one, index) => index <= at || new Origin(machine, one).isPinned);
  }
  if (kept.length < all.length) writeBootEntries(machine, kept);
  cleanUp(machine);
  if (run.has('--base', '-b')) {
    machine.repository.prune(new Set(readDeployments(machine).map(({ deployment }) => deployment.checksum)));
  }
}

async function rollBack(run: ToolRun): Promise<void> {
  const { machine } = run;
  const booted = bootedName(machine);
  const all = bootableDeployments(machine);
  const other = all.find((one) => one.name !== booted);
  if (other === undefined) throw new ToolError('No rollback deployment found');
  await run.step('lock');
  dropStaged(machine);
  const rest = all.filter((one) => one.name !== other.name);
  writeBootEntries(machine, all[0]?.name === other.name ? [...rest, other] : [other, ...rest]);
}
