import { InvalidArgumentError, Option, type Command } from '@commander-js/extra-typings';
import { agentCommands } from './agent-program.ts';
import {
  controllerCommands,
  historyCommands,
  logsCommands,
  pauseCommands,
  resumeCommands,
  rollbackCommands,
  statusCommands,
  watchCommands,
  whyCommands,
} from './cluster-program.ts';
import { LOCAL_BUILDER_KINDS } from './builder-kinds.ts';
import {
  architectures,
  authfileOption,
  caOption,
  extensionOption,
  insecureOption,
  outputOption,
} from './options.ts';
import { NODE_ENGINES, NODE_TOOLS } from './remembered-nodes.ts';
import { command, type Surroundings } from './surroundings.ts';

/** The commands by name, in the order of the help. */
const COMMANDS: ReadonlyMap<string, (surroundings: Surroundings) => Command> = new Map([
  ['render', renderCommands],
  ['build', buildCommands],
  ['image', imageCommands],
  ['ignition', ignitionCommands],
  ['demo', demoCommands],
  ['up', upCommands],
  ['status', statusCommands],
  ['why', whyCommands],
  ['watch', watchCommands],
  ['history', historyCommands],
  ['rollback', rollbackCommands],
  ['pause', pauseCommands],
  ['resume', resumeCommands],
  ['logs', logsCommands],
  ['controller', controllerCommands],
  ['agent', agentCommands],
]);

/** Those that Varve starts itself, which the help does not list. */
const INNER_COMMANDS: ReadonlyMap<string, (surroundings: Surroundings) => Command> = new Map([
  ['build-job', buildJobCommands],
]);

/**
 * The command line. Commands are imported when they run, and of those that were not asked for not even the options
 * are made, so that none pays for another's start-up.
 *
 * @param surroundings `outcome` receives the exit status of a command that ends well but says no, such as `ignition validate`.
 * @param asked the first word of the command line.
 */
export function createProgram(surroundings: Surroundings, asked: string | undefined): Command {
  const program = command('varve')
    .description(
      'Image-mode machine configuration for Kubernetes: a pool of nodes runs one image, built from its YAML.',
    )
    .version(surroundings.version);
  const chosen = COMMANDS.get(asked ?? '') ?? INNER_COMMANDS.get(asked ?? '');
  for (const make of chosen === undefined ? COMMANDS.values() : [chosen])
    program.addCommand(make(surroundings));
  return program;
}

function renderCommands(): Command {
  return command('render')
    .description('Render the MachineConfig of a pool from its MachineConfigs.')
    .requiredOption('--pool <name>', 'the MachineConfigPool')
    .requiredOption('-f, --filename <path...>', 'files or directories of objects; - is standard input')
    .option('--base <ref>', 'the base image, which is the osImageURL unless a MachineConfig sets one')
    .addOption(extensionOption())
    .addOption(outputOption().default('yaml' as const))
    .action(async (flags) => (await import('./render-command.ts')).renderCommand(flags));
}

function buildCommands({ environment }: Surroundings): Command {
  return command('build')
    .description(
      'Build the bootable image of a pool and push it; prints its name by digest. No cluster; a container only for a Containerfile, extensions or another kernel.',
    )
    .requiredOption('--pool <name>', 'the MachineConfigPool')
    .requiredOption('-f, --filename <path...>', 'files or directories of objects; - is standard input')
    .requiredOption('--base <ref>', 'the bootable base image, HOST/NAME:TAG or @DIGEST')
    .option(
      '--push <ref>',
      "where the image goes, HOST/NAME:TAG; without it, the pool's MachineOSConfig says",
    )
    .option(
      '--arch <list>',
      "of a base for several architectures: amd64,arm64,… or all; this machine's by default",
      architectures,
    )
    .addOption(
      new Option('--compression <method>', 'of the new layer')
        .choices(['gzip', 'zstd'] as const)
        .default('gzip' as const),
    )
    .option(
      '--cache <dir>',
      'where indexes of bases are kept, and container builds are made; $VARVE_CACHE or ~/.cache/varve by default',
    )
    .addOption(extensionOption())
    .option('--dry-run', 'build, but push no image', false)
    .option('-q, --quiet', 'print nothing but the result and errors', false)
    .addOption(outputOption().default('text' as const))
    .addOption(authfileOption())
    .addOption(insecureOption())
    .addOption(caOption())
    .action(async (flags) => (await import('./build-command.ts')).buildCommand(flags, environment));
}

function buildJobCommands({ environment, outcome }: Surroundings): Command {
  return command('build-job')
    .description(
      'What the pod of a container build runs; the controllers start it (docs/container-builds.md).',
    )
    .action(async () => {
      outcome.status = await (await import('./build-job-command.ts')).buildJobCommand(environment);
    });
}

function demoCommands({ environment }: Surroundings): Command {
  return command('demo')
    .description(
      'Show the main job on this machine alone: three nodes, the examples rolled out, one file changed, and back again.',
    )
    .option('--base <ref>', 'a real base image in place of the miniature one')
    .action(async (flags) => (await import('./demo-command.ts')).demoCommand(flags, environment));
}

function upCommands({ environment }: Surroundings): Command {
  return command('up')
    .description(
      'Start a control plane on loopback: a Kubernetes API, a registry, controllers and nodes, kept in a directory.',
    )
    .option('--data <dir>', 'where everything is kept; ~/.local/share/varve by default')
    .option('--port <port>', "of the API; the last start's by default, any free one at first", port)
    .option(
      '--registry-port <port>',
      "of the registry; the last start's by default, any free one at first",
      port,
    )
    .option('--base <ref>', 'the base image of pools; a generated miniature one by default')
    .option('--no-controller', 'the API and the registry alone: nothing renders or builds')
    .addOption(
      new Option(
        '--builder <kind>',
        'who makes container builds: process is buildah on this machine, which needs root',
      )
        .choices(LOCAL_BUILDER_KINDS)
        .default('auto' as const),
    )
    .option(
      '--nodes <count>',
      "how many nodes; the last start's by default, none at first. Those beyond leave the cluster and keep their disks",
      nodes,
    )
    .addOption(
      new Option(
        '--node-engine <engine>',
        "what nodes stand on: folders, or containers of systemd-nspawn with a real ostree; the last start's by default",
      ).choices(NODE_ENGINES),
    )
    .addOption(
      new Option(
        '--node-tool <tool>',
        "what deploys images on simulated nodes; the last start's by default, bootc at first",
      ).choices(NODE_TOOLS),
    )
    .action(async (flags) => (await import('./up-command.ts')).upCommand(flags, environment));
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('a port is a number from 0 to 65535; 0 takes any free one');
}

function nodes(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= MOST_NODES) return Number(text);
  throw new InvalidArgumentError(`a number from 0 to ${MOST_NODES}`);
}

/** Each has processes of its own. */
const MOST_NODES = 50;

function imageCommands({ environment }: Surroundings): Command {
  const image = command('image').description('Look into an image that Varve made.');
  image
    .command('inspect')
    .description('Digest, labels, layers and what of the configuration is where.')
    .argument('<ref>', 'HOST/NAME:TAG or @DIGEST')
    .addOption(archOption())
    .addOption(outputOption().default('text' as const))
    .addOption(authfileOption())
    .addOption(insecureOption())
    .addOption(caOption())
    .action(async (reference, flags) =>
      (await import('./image-command.ts')).inspectCommand(reference, flags, environment),
    );
  image
    .command('explain')
    .description(
      'Which MachineConfig put a path, unit or kernel argument into the image, and why it is where it is.',
    )
    .argument('<ref>', 'HOST/NAME:TAG or @DIGEST')
    .argument('<what...>', 'paths, unit names, kernel arguments')
    .addOption(archOption())
    .addOption(outputOption().default('text' as const))
    .addOption(authfileOption())
    .addOption(insecureOption())
    .addOption(caOption())
    .action(async (reference, what, flags) =>
      (await import('./image-command.ts')).explainCommand(reference, what, flags, environment),
    );
  image
    .command('diff')
    .description('What of the configuration differs between two images.')
    .argument('<from>', 'HOST/NAME:TAG or @DIGEST')
    .argument('<to>', 'HOST/NAME:TAG or @DIGEST')
    .addOption(archOption())
    .addOption(outputOption().default('text' as const))
    .addOption(authfileOption())
    .addOption(insecureOption())
    .addOption(caOption())
    .action(async (from, to, flags) =>
      (await import('./image-command.ts')).diffCommand(from, to, flags, environment),
    );
  return image;
}

function ignitionCommands({ outcome }: Surroundings): Command {
  const ignition = command('ignition').description('Work with Ignition configs, spec 3.0 to 3.6.');
  ignition
    .command('validate')
    .description(
      'Check configs, with the verdicts and words of ignition-validate; exits 1 when one is not valid.',
    )
    .argument('<file...>', 'configs in JSON; - is standard input')
    .addOption(outputOption().default('text' as const))
    .action(async (files, flags) => {
      const valid = await (await import('./ignition-command.ts')).validateCommand(files, flags);
      if (!valid) outcome.status = 1;
    });
  ignition
    .command('merge')
    .description('Merge configs; a later one overrides the earlier ones.')
    .argument('<file...>', 'configs in JSON; - is standard input')
    .addOption(outputOption().default('json' as const))
    .action(async (files, flags) => (await import('./ignition-command.ts')).mergeCommand(files, flags));
  ignition
    .command('tree')
    .description('The files, directories, links, units and accounts of a config.')
    .argument('<file>', 'a config in JSON; - is standard input')
    .addOption(outputOption().default('text' as const))
    .action(async (file, flags) => (await import('./ignition-command.ts')).treeCommand(file, flags));
  return ignition;
}

function archOption(): Option<'--arch <name>'> {
  return new Option(
    '--arch <name>',
    "the architecture, where the reference names several; this machine's by default",
  );
}
