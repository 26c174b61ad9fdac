import { HostError } from './host-error.ts';

/** What a change of kernel arguments asks for: what its owner wants on the line, and what it no longer wants. */
export interface KernelArgumentChange {
  readonly append: readonly string[];
  readonly remove: readonly string[];
}

/** Put on the line by boot loader and deployment, and never compared (host-contract §4.4). */
const OF_THE_BOOT = /^(BOOT_IMAGE|ostree|initrd)=/;

/** Set when the machine was installed; without them it does not find its disks (host-contract §4.2). */
const OF_THE_MACHINE = /^((root|rootflags|ostree|boot)=|rd\.|ignition\.|luks\.|(rw|ro)$)/;

/** Bytes of a command line that a kernel keeps, by Node's name of the architecture; the rest is cut silently (§4.4). */
const LIMITS: Readonly<Record<string, number>> = { x64: 2048, arm64: 2048, ppc64: 2048, s390x: 4096 };

/** Cuts a command line into arguments as the kernel does: double quotes protect blanks, and stay in the argument. */
export function splitKernelArguments(line: string): readonly string[] {
  return line.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
}

/** The arguments that somebody chose: without what boot loader and deployment add at each boot. */
export function chosenArguments(line: string): readonly string[] {
  return splitKernelArguments(line).filter((argument) => !OF_THE_BOOT.test(argument));
}

/** Whether the machine needs the argument to boot: it is nobody's to remove. */
export function isMachineArgument(argument: string): boolean {
  return OF_THE_MACHINE.test(argument);
}

/**
 * Which of `wanted` a line has not, and which it has beyond `wanted`, as multisets: the order of unrelated arguments
 * is not kept by any tool, and an argument may stand there twice.
 */
export function compareKernelArguments(
  wanted: readonly string[],
  actual: readonly string[],
): { readonly missing: readonly string[]; readonly surplus: readonly string[] } {
  const left = counted(actual);
  const missing = wanted.filter((argument) => !take(left, argument));
  const over = counted(actual);
  for (const argument of wanted) take(over, argument);
  return { missing, surplus: actual.filter((argument) => take(over, argument)) };
}

/**
 * Refuses a change that no tool may be given.
 *
 * @throws {HostError} `invalid-argument` for an argument that is none, or that the machine needs
 */
export function checkKernelArguments({ append, remove }: KernelArgumentChange): void {
  for (const argument of [...append, ...remove]) refuseArgument(argument);
}

/**
 * What a change means for a line: each argument once for each time that it is to be removed, and those to append that
 * are not there. What is both wanted and no longer wanted is wanted. Empty lists: the line is as it should be.
 */
export function planKernelArguments(
  current: readonly string[],
  change: KernelArgumentChange,
): KernelArgumentChange {
  const wanted = new Set(change.append.map(canonical));
  const unwanted = new Set(change.remove.map(canonical).filter((argument) => !wanted.has(argument)));
  const present = new Set(current.map(canonical));
  const append = change.append.filter((argument, index) => {
    const first = change.append.findIndex((other) => canonical(other) === canonical(argument));
    return first === index && !present.has(canonical(argument));
  });
  return { append, remove: current.filter((argument) => unwanted.has(canonical(argument))) };
}

/** The line after a planned change, in the tools' order: what is new stands at the end. */
export function applyKernelArguments(
  current: readonly string[],
  plan: KernelArgumentChange,
): readonly string[] {
  return [...compareKernelArguments(plan.remove, current).surplus, ...plan.append];
}

/**
 * How many bytes a line is too long for the kernel of Node's `architecture`, when `reserved` ones are added to it at
 * the boot; 0 when it fits or the limit is not known.
 */
export function excessOfLine(current: readonly string[], architecture: string, reserved = 0): number {
  const limit = LIMITS[architecture] ?? Number.POSITIVE_INFINITY;
  // One byte is the end of the string.
  return Math.max(0, Buffer.byteLength(current.join(' ')) + 1 + reserved - limit);
}

function refuseArgument(argument: string): void {
  const [first] = splitKernelArguments(argument);
  if (first !== argument || argument.includes('\0')) {
    const text = JSON.stringify(argument);
    throw new HostError('invalid-argument', `cannot change kernel arguments: ${text} is not one argument`);
  }
  if (isMachineArgument(argument) || OF_THE_BOOT.test(argument)) {
    throw new HostError(
      'invalid-argument',
      `cannot change kernel arguments: ${argument} belongs to the machine's installation`,
    );
  }
}

/** Dashes and underscores of a key are the same to the kernel, and so is where the quotes stand (§4.2). */
function canonical(argument: string): string {
  const bare = argument.replaceAll('"', '');
  const end = bare.indexOf('=');
  const key = end < 0 ? bare : bare.slice(0, end);
  return key.replaceAll('-', '_') + bare.slice(key.length);
}

function counted(list: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const argument of list) counts.set(canonical(argument), (counts.get(canonical(argument)) ?? 0) + 1);
  return counts;
}

function take(counts: Map<string, number>, argument: string): boolean {
  const count = counts.get(canonical(argument)) ?? 0;
  counts.set(canonical(argument), count - 1);
  return count > 0;
}
