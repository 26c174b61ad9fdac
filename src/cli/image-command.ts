import type { ConfigurationLayer, ImageDescription, ProvenanceItem } from '../osbuild/index.ts';
import { describeImage, diffConfigurations, Label, readConfiguration } from '../osbuild/index.ts';
import { formatReference, parseReference } from '../oci/index.ts';
import type { RegistryClient } from '../oci/index.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { machineArchitecture } from './environment.ts';
import { formatBytes, formatTable, writeResult } from './output.ts';
import type { OutputFormat } from './output.ts';
import type { RegistryFlags } from './registry-flags.ts';
import { openRegistryFor } from './registry-flags.ts';

export interface ImageFlags extends RegistryFlags {
  readonly arch?: string | undefined;
  readonly output: OutputFormat;
}

/** `varve image inspect REF`: digest, labels, layers, and what of the configuration is in which plane. */
export async function inspectCommand(
  text: string,
  flags: ImageFlags,
  environment: Environment,
): Promise<void> {
  await withRegistry(flags, environment, async (registry) => {
    const image = await describe(registry, text, flags);
    const configuration = image.layers.some((layer) => layer.isConfiguration)
      ? await readConfiguration(registry, image)
      : undefined;
    const value = {
      image: formatReference(image.reference),
      digest: image.digest,
      architecture: image.config.architecture,
      created: image.config.created,
      labels: image.labels,
      layers: image.layers.map(({ descriptor, diffId, createdBy, isConfiguration }) => ({
        digest: descriptor.digest,
        diffId,
        size: descriptor.size,
        createdBy,
        configuration: isConfiguration,
      })),
      provenance: configuration?.provenance,
    };
    writeResult(flags.output, value, () => describeAsText(image, configuration));
  });
}

/** `varve image explain REF WHAT…`: which MachineConfig put a path or another item there, and why it is where it is. */
export async function explainCommand(
  text: string,
  wanted: readonly string[],
  flags: ImageFlags,
  environment: Environment,
): Promise<void> {
  await withRegistry(flags, environment, async (registry) => {
    const image = await describe(registry, text, flags);
    const { provenance } = await readConfiguration(registry, image);
    const found = wanted.map((what) => ({
      what,
      items: provenance.items.filter((item) => concerns(item, what)),
    }));
    const missing = found.filter(({ items }) => items.length === 0).map(({ what }) => what);
    if (missing.length > 0) {
      throw new CliError(
        'input',
        `cannot explain ${missing.join(', ')}: no MachineConfig of ${provenance.renderedConfig} set it; ` +
          `if it is in the image, it comes from the base ${image.labels[Label.baseName] ?? provenance.base}`,
      );
    }
    const items = [...new Set(found.flatMap((one) => one.items))];
    writeResult(flags.output, items, () => items.map(explainItem).join('\n'));
  });
}

/** `varve image diff REF REF`: what of the configuration differs between two images of a pool. */
export async function diffCommand(
  from: string,
  to: string,
  flags: ImageFlags,
  environment: Environment,
): Promise<void> {
  await withRegistry(flags, environment, async (registry) => {
    const [old, now] = await Promise.all([describe(registry, from, flags), describe(registry, to, flags)]);
    const [oldLayer, newLayer] = await Promise.all([
      readConfiguration(registry, old),
      readConfiguration(registry, now),
    ]);
    const difference = diffConfigurations(oldLayer, newLayer);
    writeResult(flags.output, { from: old.digest, to: now.digest, ...difference }, () => {
      if (old.digest === now.digest) return 'the same image\n';
      const lines = [
        change('base', difference.base.from, difference.base.to),
        change('rendered', difference.renderedConfig.from, difference.renderedConfig.to),
        ...difference.kernelArguments.removed.map((argument) => `- kernel argument ${argument}`),
        ...difference.kernelArguments.added.map((argument) => `+ kernel argument ${argument}`),
        ...difference.paths.map(({ change: kind, path, aspects, machineConfigs }) => {
          const sign = { added: '+', removed: '-', changed: '~' }[kind];
          const what = aspects.length === 0 ? '' : ` ${aspects.join(', ')}`;
          const owner = machineConfigs.at(-1);
          return `${sign} ${path}${what}${owner === undefined ? '' : `  (MachineConfig ${owner})`}`;
        }),
      ];
      return lines.map((line) => `${line}\n`).join('');
    });
  });
}

async function withRegistry(
  flags: ImageFlags,
  environment: Environment,
  work: (registry: RegistryClient) => Promise<void>,
): Promise<void> {
  const registry = openRegistryFor(flags, environment);
  try {
    await work(registry);
  } finally {
    registry.close();
  }
}

function describe(registry: RegistryClient, text: string, flags: ImageFlags): Promise<ImageDescription> {
  return describeImage(registry, parseReference(text), flags.arch ?? machineArchitecture());
}

function describeAsText(image: ImageDescription, configuration: ConfigurationLayer | undefined): string {
  const facts = formatTable([
    ['image', formatReference(image.reference)],
    ['digest', image.digest],
    ['architecture', image.config.architecture],
    ...(image.config.created === undefined ? [] : [['created', image.config.created]]),
  ]);
  const labels = formatTable(
    Object.entries(image.labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [`  ${name}`, value]),
  );
  const layers = formatTable(
    image.layers.map(({ descriptor, createdBy, isConfiguration }) => [
      `  ${descriptor.digest}`,
      formatBytes(descriptor.size),
      isConfiguration ? `configuration: ${createdBy ?? ''}` : (createdBy ?? '').slice(0, 60),
    ]),
  );
  const text = `${facts}labels\n${labels}layers\n${layers}`;
  if (configuration === undefined)
    return `${text}Varve did not make this image: it has no configuration layer.\n`;
  const items = formatTable(
    configuration.provenance.items.map(({ item, plane, machineConfigs }) => [
      `  ${item}`,
      plane,
      machineConfigs.join(', '),
    ]),
  );
  return `${text}configuration of pool ${configuration.provenance.pool}\n${items}`;
}

function concerns(item: ProvenanceItem, what: string): boolean {
  return (
    item.item === what ||
    item.item === `kernel argument ${what}` ||
    item.item.startsWith(`unit ${what}: `) ||
    item.target === what ||
    item.paths.some(({ path }) => path === what)
  );
}

function explainItem(item: ProvenanceItem): string {
  const [winner, ...overridden] = [...item.machineConfigs].reverse();
  const rows: string[][] = [
    ['  MachineConfig', winner ?? 'none'],
    ...(overridden.length === 0 ? [] : [['  wins over', overridden.join(', ')]]),
    ['  plane', item.plane],
    ['  because', item.reason],
    ...(item.target === undefined || item.target === item.item ? [] : [['  on the node', item.target]]),
    ...item.paths.map(({ path, sha256 }) => [
      '  in the image',
      sha256 === undefined ? path : `${path} (sha256 ${sha256})`,
    ]),
  ];
  return `${item.item}\n${formatTable(rows)}`;
}

function change(what: string, from: string, to: string): string {
  return from === to ? `  ${what} ${to} unchanged` : `~ ${what} ${from} -> ${to}`;
}
