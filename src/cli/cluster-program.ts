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
    .option('--cache <dir>', 'where indexes of bases are kept; $VARVE_CACHE or ~/.cache/varve by default')
    .option('--arch <list>', 'of bases for several architectures: amd64,arm64,… or all', architectures, 'all')
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
