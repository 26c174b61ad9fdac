import { splitKernelArguments } from '../../../host/index.ts';
import { ToolError } from './tool-error.ts';

/** The command line that `rpm-ostree kargs` makes of another one (host-contract §4.4). @throws ToolError */
export function changedArguments(options: string, args: readonly string[]): string {
  const before = splitKernelArguments(options);
  const line = [...before];
  const each = (name: string): readonly string[] =>
    args.filter((one) => one.startsWith(`--${name}=`)).map((one) => one.slice(name.length + 3));
  for (const wanted of each('delete')) {
    const found = line.filter((one) => one === wanted || one.split('=')[0] === wanted);
    if (found.length === 0)
      throw new ToolError(wanted.includes('=') ? `No karg '${wanted}' found` : `No key '${wanted}' found`);
    if (found.length > 1 && !wanted.includes('='))
      throw new ToolError(`Multiple values for key '${wanted}' found`);
    remove(line, found[0] ?? '');
  }
  for (const wanted of each('replace')) {
    const [key = '', value = '', other] = wanted.split('=');
    const old = other === undefined ? line.find((one) => one.split('=')[0] === key) : `${key}=${value}`;
    if (old === undefined || !line.includes(old)) throw new ToolError(`No key '${key}' found`);
    line[line.indexOf(old)] = `${key}=${other ?? value}`;
  }
  line.push(...each('append'));
  // Compared with what was there before.
  line.push(...each('append-if-missing').filter((one) => !before.includes(one)));
  for (const wanted of each('delete-if-present')) if (before.includes(wanted)) remove(line, wanted);
  return line.join(' ');
}

function remove(line: string[], argument: string): void {
  const at = line.indexOf(argument);
  if (at >= 0) line.splice(at, 1);
}
