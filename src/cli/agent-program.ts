import { InvalidArgumentError, Option, type Command } from '@commander-js/extra-typings';
import { parseObjectKey, STATE_DIRECTORY } from './agent-flags.ts';
import {
  address,
  authfileOption,
  caOption,
  contextOption,
  insecureOption,
  kubeconfigOption,
  outputOption,
} from './options.ts';
import { command, type Surroundings } from './surroundings.ts';

export function agentCommands(surroundings: Surroundings): Command {
  const { environment, version } = surroundings;
  const agent = command('agent')
    .description('Move this host to the image that its Node asks for, until it is stopped.')
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .option('--node <name>', "the Node that is this host; $NODE_NAME or the host's name by default")
    .addOption(hostPidOption())
    .addOption(hostRootOption())
    .addOption(stateOption())
    .addOption(hostToolOption())
    .addOption(
      new Option(
        '--pull-secret <namespace/name>',
        'the secret with credentials for registries, which the host tools get',
      ).argParser((text) => {
        const key = parseObjectKey(text);
        if (key === undefined) throw new InvalidArgumentError('write NAMESPACE/NAME');
        return key;
      }),
    )
    .option('--no-drain', 'reboot without waiting for the node to be drained')
    .option('--no-take-over', 'leave a host alone that runs no container image yet')
    .option(
      '--discard-layered-packages',
      'move a host although packages that are layered on it get lost by that',
      false,
    )
    .option('--enforce-image', 'move back a host on which somebody else booted another image', false)
    .option('--drop-rollback', 'when the disk is full, remove the image to roll back to', false)
    .option(
      '--health-address <host:port>',
      'of /healthz, /readyz and /metrics; a free port of 127.0.0.1 by default, which the log names',
      address,
    )
    .addOption(insecureOption())
    .addOption(caOption())
    .addOption(
      new Option('--log-format <format>', 'of the log on standard error')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addOption(new Option('--end-with-stdin', 'end when standard input does').default(false).hideHelp())
    .action(async (flags) => (await import('./agent-command.ts')).agentCommand(flags, environment, version));
  addStatus(agent, surroundings);
  addLocal(agent, surroundings);
  return agent;
}

function addStatus(agent: Command, { environment }: Surroundings): void {
  agent
    .command('status')
    .description(
      'How this host is: what it runs, what is staged, what it waits for, which files differ. Needs no cluster.',
    )
    .addOption(outputOption().default('text' as const))
    .addOption(hostPidOption())
    .addOption(hostRootOption())
    .addOption(stateOption())
    .addOption(hostToolOption())
    .action(async (_own, self) =>
      // Options of this name are the agent's as well, which would have taken them.
      (await import('./agent-status-command.ts')).agentStatusCommand(self.optsWithGlobals(), environment),
    );
}

function addLocal(agent: Command, { environment }: Surroundings): void {
  agent
    .command('local')
    .description(
      'Move this host to an image with no cluster: to one that is named, or to that of a folder of MachineConfigs.',
    )
    .option('--image <ref>', 'what the host is to run, HOST/NAME:TAG or @DIGEST')
    .option('--config <dir>', 'build it from the MachineConfigs of this folder')
    .option('--base <ref>', "the base to build on; what the host's image was made from by default")
    .option('--pool <name>', 'the role of the MachineConfigs to build', 'worker')
    .option('--push <ref>', 'where the image goes; a registry of its own on loopback by default')
    .option('--reboot', 'reboot when all is ready; else that is left to you', false)
    .addOption(outputOption().default('text' as const))
    .addOption(authfileOption())
    .addOption(hostPidOption())
    .addOption(hostRootOption())
    .addOption(stateOption())
    .addOption(hostToolOption())
    .option('--no-take-over', 'leave a host alone that runs no container image yet')
    .option(
      '--discard-layered-packages',
      'move a host although packages that are layered on it get lost by that',
      false,
    )
    .option('--enforce-image', 'move back a host on which somebody else booted another image', false)
    .option('--drop-rollback', 'when the disk is full, remove the image to roll back to', false)
    .addOption(insecureOption())
    .addOption(caOption())
    .action(async (_own, self) =>
      (await import('./agent-local-command.ts')).agentLocalCommand(self.optsWithGlobals(), environment),
    );
}

function hostPidOption(): Option<'--host-pid <pid>', undefined, undefined, number> {
  return new Option(
    '--host-pid <pid>',
    'enter the namespaces of this process for what is done to the host: 1, from a privileged pod with hostPID',
  ).argParser((text: string) => {
    if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
    throw new InvalidArgumentError('a process is a number, 1 or more');
  });
}

function hostRootOption(): Option<'--host-root <dir>'> {
  return new Option('--host-root <dir>', 'where the files of a simulated host are; the PATH finds its tools');
}

function stateOption(): Option<'--state <dir>', undefined, string> {
  return new Option('--state <dir>', 'where the agent keeps its journal, a path on the host').default(
    STATE_DIRECTORY,
  );
}

function hostToolOption(): Option<
  '--host-tool <tool>',
  undefined,
  undefined,
  undefined,
  false,
  'bootc' | 'rpm-ostree' | 'ostree'
> {
  return new Option(
    '--host-tool <tool>',
    "what deploys images where the host has several; the Node's annotation varve.dev/host-tool goes before it",
  ).choices(['bootc', 'rpm-ostree', 'ostree'] as const);
}
