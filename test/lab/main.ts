import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { baseLayout } from './base.ts';
import { startRegistry } from './registry.ts';
import { pushLayout } from './skopeo.ts';

const USAGE = `usage: node test/lab/main.ts base small|large|bootable|packages   make (or find) a base, print its OCI layout
       node test/lab/main.ts up small|large|bootable|packages     a registry with that base in it, until interrupted
`;

const { positionals } = parseArgs({ allowPositionals: true });
const [verb, name] = positionals;
const sizes = ['small', 'large', 'bootable', 'packages'] as const;
const size = sizes.find((one) => one === name);
if ((verb !== 'base' && verb !== 'up') || size === undefined) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const layout = await baseLayout(size);
if (verb === 'base') {
  process.stdout.write(`${layout}\n`);
} else {
  const registry = await startRegistry();
  const reference = `${registry.host}/base/os:1`;
  process.stdout.write(`${reference} ${await pushLayout(layout, reference)}\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await registry.stop();
}
