import { Option, type Command } from '@commander-js/extra-typings';
import {
  address,
  architectures,
  caOption,
  contextOption,
  count,
  duration,
  insecureOption,
  kubeconfigOption,
  namespaceOption,
  outputOption,
} from './options.ts';
import { BUILDER_KINDS } from './builder-kinds.ts';
import { quantities } from './quantities.ts';
import { command, type Surroundings } from './surroundings.ts';

export function controllerCommands({ environment, version }: Surroundings): Command {
  return command('controller')
    .description(
      'Render the configurations of a cluster and build the images of its pools, until it is stopped.',
    )
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .addOption(namespaceOption())
    .option(
      '--push-repository <name>',
      'where the images of labelled pools go that have no MachineOSConfig, HOST/NAME; without it, labels ask in vain',
    )
    .option('--push-secret <name>', 'the secret to push with, of the namespace')
    .option('--pull-secret <name>', "the secret to pull their bases with; the cluster's by default")
    .option('--every-pool', 'image mode for every pool, labelled or not', false)
    .option(
      '--cache <dir>',
      'where indexes of bases are kept, and container builds by process are made; $VARVE_CACHE or ~/.cache/varve by default',
    )
    .option('--arch <list>', 'of bases for several architectures: amd64,arm64,… or all', architectures, 'all')
    .addOption(
      new Option(
        '--builder <kind>',
        'who makes container builds: job is a Job of the cluster, process a buildah on this machine, which needs root; auto is job where --builder-image is given',
      )
        .choices(BUILDER_KINDS)
        .default('auto' as const),
    )
    .option('--builder-image <ref>', 'of the Jobs that make container builds: deploy/builder/Containerfile')
    .option('--build-requests <list>', 'what such a Job asks of its node: cpu=500m,memory=1Gi,…', quantities)
    .option(
      '--build-limits <list>',
      'what such a Job may take: memory=8Gi,…; no limits by default',
      quantities,
    )
    .addOption(
      new Option('--build-deadline <duration>', 'how long such a Job may take')
        .argParser(duration)
        .default(3_600_000, '1h'),
    )
    .option(
      '--build-cache-claim <name>',
      'a PersistentVolumeClaim of the namespace where such Jobs keep downloads of packages',
    )
    .option('--no-leader-elect', 'act without a lease: for the only controller of a cluster')
    .option(
      '--health-address <host:port>',
      'of /healthz, /readyz and /metrics; 0.0.0.0:8081 in a cluster, else a free port of 127.0.0.1, which the log names',
      address,
    )
    .option('--keep-rendered <count>', 'rendered MachineConfigs of a pool that stay unused', count, 10)
    .option('--keep-builds <count>', 'builds of a pool that stay unused, with their images', count, 5)
    .addOption(
      new Option(
        '--registry-poll <duration>',
        'how often a registry is asked whether a base has changed: 30s, 5m, 1h',
      )
        .argParser(duration)
        .default(60_000, '1m'),
    )
    .addOption(insecureOption())
    .addOption(caOption())
    .addOption(
      new Option('--log-format <format>', 'of the log on standard error')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addOption(new Option('--end-with-stdin', 'end when standard input does').default(false).hideHelp())
    .action(async (flags) =>
      (await import('./controller-command.ts')).controllerCommand(flags, environment, version),
    );
}

export function statusCommands({ environment }: Surroundings): Command {
  return command('status')
    .description('What every pool of a cluster runs and waits for, its builds, and what is wrong.')
    .addOption(outputOption().default('text' as const))
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (flags) => (await import('./status-command.ts')).statusCommand(flags, environment));
}

export function logsCommands({ environment }: Surroundings): Command {
  const logs = command('logs');
  logs
    .description("Print the log of a build, or of a pool's current one.")
    .argument('<what>', 'build/NAME, machineosbuild/NAME, or the name of a pool')
    .option('-f, --follow', 'go on while the build runs; exits 1 if it ends without an image', false)
    .addOption(namespaceOption())
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (what, flags) => (await import('./logs-command.ts')).logsCommand(what, flags, environment));
  return logs;
}

export function watchCommands({ environment }: Surroundings): Command {
  return command('watch')
    .description('Follow pools, builds and nodes, and what each waits for, until Ctrl-C.')
    .addOption(outputOption().default('text' as const))
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .addOption(new Option('--end-with-stdin', 'end when standard input does').default(false).hideHelp())
    .action(async (flags) => (await import('./watch-command.ts')).watchCommand(flags, environment));
}

export function whyCommands({ environment }: Surroundings): Command {
  const why = command('why');
  why
    .description('Say in one sentence where a pool or a node is, and why it is no further.')
    .argument('<what>', 'the name of a pool or a node; pool/NAME or node/NAME where both have it')
    .addOption(outputOption().default('text' as const))
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (what, flags) => (await import('./why-command.ts')).whyCommand(what, flags, environment));
  return why;
}

export function historyCommands({ environment }: Surroundings): Command {
  const history = command('history');
  history
    .description('List the images that a pool had: what changed, who did it, when, and which nodes run it.')
    .argument('<pool>', 'the MachineConfigPool')
    .addOption(outputOption().default('text' as const))
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (pool, flags) =>
      (await import('./history-command.ts')).historyCommand(pool, flags, environment),
    );
  return history;
}

export function rollbackCommands({ environment }: Surroundings): Command {
  const rollback = command('rollback');
  rollback
    .description(
      'Have the nodes of a pool go back to an image that it had, and stay there; nothing is built for that.',
    )
    .argument('<pool>', 'the MachineConfigPool')
    .option(
      '--to <image>',
      'a number of varve history, a build, an image or its digest; the image before the present one by default',
    )
    .option('--undo', 'have the pool follow its MachineConfigs again', false)
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (pool, flags) =>
      (await import('./rollback-command.ts')).rollbackCommand(pool, flags, environment),
    );
  return rollback;
}

export function pauseCommands(surroundings: Surroundings): Command {
  const description = 'Tell no further node of a pool to change; its images are built all the same.';
  return pausing(surroundings, true).description(description);
}

export function resumeCommands(surroundings: Surroundings): Command {
  return pausing(surroundings, false).description('Let the nodes of a paused pool get what it wants.');
}

function pausing({ environment }: Surroundings, paused: boolean): Command {
  const pausing = command(paused ? 'pause' : 'resume');
  pausing
    .argument('<pool>', 'the MachineConfigPool')
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .action(async (pool, flags) =>
      (await import('./pause-command.ts')).pauseCommand(pool, paused, flags, environment),
    );
  return pausing;
}
