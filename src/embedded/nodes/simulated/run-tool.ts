import type { MachineFolder } from './machine-folder.ts';
import { rm, touch, unshare } from './tool-files.ts';
import { journalctl, systemctl, systemdRun } from './tool-systemd.ts';
import { Killed, ToolError } from './tool-error.ts';
import { type ToolProcess, ToolRun } from './tool-run.ts';

type Tool = (run: ToolRun) => void | Promise<void>;

/** Loaded by whoever runs one. */
const TOOLS: Readonly<Record<string, () => Promise<Tool>>> = {
  bootc: async () => (await import('./tool-bootc.ts')).bootc,
  journalctl: () => Promise.resolve(journalctl),
  ostree: async () => (await import('./tool-ostree.ts')).ostree,
  rm: () => Promise.resolve(rm),
  'rpm-ostree': async () => (await import('./tool-rpm-ostree.ts')).rpmOstree,
  skopeo: () =>
    Promise.resolve((run) => run.out(`skopeo version ${run.settings.tools.skopeo?.version ?? ''}`)),
  systemctl: () => Promise.resolve(systemctl),
  'systemd-run': () => Promise.resolve(systemdRun),
  touch: () => Promise.resolve(touch),
  unshare: () => Promise.resolve(unshare),
};

/** The tools of a host that is simulated, those that it need not have among them. */
export const TOOL_NAMES: readonly string[] = Object.keys(TOOLS);

/** Whether a machine has a tool. */
export function hasTool({ settings: { tools } }: MachineFolder, name: string): boolean {
  switch (name) {
    case 'bootc':
      return tools.bootc !== undefined;
    case 'rpm-ostree':
      return tools.rpmOstree !== undefined;
    case 'ostree':
      return tools.ostree !== undefined;
    case 'skopeo':
      return tools.skopeo !== undefined;
    default:
      return Object.hasOwn(TOOLS, name);
  }
}

/**
 * Runs a tool of a machine to its end.
 *
 * @returns its exit status
 * @throws Killed, or what the signal of its process says
 */
export async function runTool(
  machine: MachineFolder,
  name: string,
  args: readonly string[],
  process: ToolProcess,
): Promise<number> {
  const run = new ToolRun(machine, args, process);
  const line = [name, ...args].join(' ');
  const isMeant = ({ command }: { readonly command: string }): boolean => line.startsWith(command);
  if (run.faults.take('hang', isMeant) !== undefined) await run.hang();
  if (run.faults.take('lie', isMeant) !== undefined) return 0;
  const fault = run.faults.take('fail', isMeant);
  if (fault !== undefined) {
    process.err(`${fault.stderr}\n`);
    return fault.status ?? 1;
  }
  try {
    const tool = await TOOLS[name]?.();
    if (tool === undefined) throw new ToolError(`there is no ${name}`, 127);
    await tool(run);
    return 0;
  } catch (error) {
    process.signal.throwIfAborted();
    if (error instanceof Killed) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (message !== '') process.err(`error: ${message}\n`);
    return error instanceof ToolError ? error.status : 1;
  }
}
