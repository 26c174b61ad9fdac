import { API_VERSION, OS_IMAGE_OVERRIDDEN_ANNOTATION } from '../api/index.ts';
import { prune, validate } from '../ignition/index.ts';
import { checkMachineConfig } from './check-machine-config.ts';
import { configItemAt } from './config-items.ts';
import { runcDropin } from './default-runtime.ts';
import { mergeKernelTypes } from './kernel-type.ts';
import { mergeConfigs } from './merge-configs.ts';
import { chooseImage } from './os-image.ts';
import { collectProvenance } from './provenance.ts';
import { reconcile } from './reconcile.ts';
import { formatProblem, throwProblems } from './render-problems.ts';
import { checkSize } from './rendered-size.ts';
import { saltedHash } from './salted-hash.ts';
import { selectMachineConfigs } from './selection.ts';
import type { KernelType } from './kernel-type.ts';
import type { Problem } from './machineconfig-error.ts';
import type { ChosenImage } from './os-image.ts';
import type { Contribution, Provenance } from './provenance.ts';
import type { IrreconcilableOverride } from './reconcile.ts';
import type { MachineConfig, MachineConfigPool } from '../api/index.ts';
import type { Config, JsonObject } from '../ignition/index.ts';

export interface RenderInput {
  readonly pool: MachineConfigPool;
  /** All there are; those that the pool selects are used. */
  readonly machineConfigs: readonly MachineConfig[];
  /** The images of a pool whose MachineConfigs name none. */
  readonly defaults: { readonly osImageURL: string; readonly baseOSExtensionsContainerImage: string };
  /** What the pool's nodes have now; the result must be reachable from it. */
  readonly current?: MachineConfig;
  readonly irreconcilableOverrides?: readonly IrreconcilableOverride[];
  /** The label `io.openshift.os.streamclass` of the OS image, where it is known: turns on the runc guard. */
  readonly streamClass?: string;
  /** Extensions that this installation has besides those of the contract. Default: none. */
  readonly moreExtensions?: readonly string[];
}

/** `spec` of a rendered MachineConfig: every member is present, as in the contract's own (contract §1.1). */
export interface RenderedSpec {
  readonly baseOSExtensionsContainerImage: string;
  readonly config: JsonObject;
  readonly extensions: readonly string[];
  readonly fips: boolean;
  readonly kernelArguments: readonly string[];
  readonly kernelType: KernelType;
  readonly osImageURL: string;
}

/** A rendered MachineConfig; valid wherever a MachineConfig is. */
export interface RenderedMachineConfig extends MachineConfig {
  readonly spec: RenderedSpec;
}

/** The whole configuration of a pool. */
export interface Rendered {
  /** `rendered-<pool>-<hash>`; the same for the same spec. */
  readonly name: string;
  readonly machineConfig: RenderedMachineConfig;
  /** The merged Ignition config, spec 3.5.0. */
  readonly config: Config;
  /** Names of the MachineConfigs in merge order. */
  readonly order: readonly string[];
  /** The same names, sorted. */
  readonly sources: readonly string[];
  readonly provenance: Provenance;
  readonly warnings: readonly string[];
}

/**
 * Renders a pool: selects, orders, checks and merges its MachineConfigs (contract §2). The result depends on
 * nothing but the input, and not on the order of `machineConfigs`.
 *
 * @throws MachineConfigError with every problem of the first step that finds one
 */
export function render(input: RenderInput): Rendered {
  const pool = input.pool.metadata.name;
  const selected = selectMachineConfigs(input.pool, input.machineConfigs);
  const checked = selected.map((one) => checkMachineConfig(one, input.moreExtensions));
  throwProblems(
    'invalid-machine-config',
    pool,
    checked.flatMap(({ problems }) => problems),
  );

  const merged = mergeMachineConfigs(selected, checked, input.defaults);
  throwProblems('conflict', pool, findConflicts(merged, input));

  const rendered = assemble(pool, selected, merged);
  const size = checkSize(rendered.machineConfig, merged.config, merged.provenance);
  throwProblems('too-large', pool, size.problem === undefined ? [] : [size.problem]);
  throwProblems('unreconcilable', pool, findUnreachable(rendered, input));

  const warnings = [
    ...checked.flatMap((result) => result.warnings.map(formatProblem)),
    ...imageWarnings(merged.osImage),
    ...(size.warning === undefined ? [] : [size.warning]),
  ];
  return { ...rendered, warnings };
}

/** The selected MachineConfigs as one; not yet checked as a whole. */
interface Merged {
  readonly config: Config;
  readonly provenance: Provenance;
  readonly osImage: ChosenImage;
  readonly extensionsImage: ChosenImage;
  readonly fips: boolean;
  readonly kernelType: KernelType;
  readonly kernelArguments: readonly string[];
  readonly extensions: readonly string[];
}

function mergeMachineConfigs(
  selected: readonly MachineConfig[],
  contributions: readonly Contribution[],
  defaults: RenderInput['defaults'],
): Merged {
  const specs = selected.map(({ spec }) => spec);
  return {
    config: mergeConfigs(contributions.flatMap(({ config }) => config ?? [])),
    provenance: collectProvenance(contributions),
    osImage: chooseImage(selected, 'osImageURL', defaults.osImageURL),
    extensionsImage: chooseImage(
      selected,
      'baseOSExtensionsContainerImage',
      defaults.baseOSExtensionsContainerImage,
    ),
    fips: specs.some(({ fips }) => fips === true),
    kernelType: mergeKernelTypes(specs.map(({ kernelType }) => kernelType)),
    kernelArguments: specs.flatMap(({ kernelArguments }) => kernelArguments ?? []),
    extensions: specs.flatMap(({ extensions }) => extensions ?? []),
  };
}

/** What is wrong with the whole although no single MachineConfig is (contract §2.4, §2.5). */
function findConflicts(merged: Merged, { pool, streamClass }: RenderInput): readonly Problem[] {
  const { config, provenance, osImage, kernelType } = merged;
  const problems: Problem[] = validate(config)
    .entries.filter(({ kind }) => kind === 'error')
    .map(({ path, message }) => {
      const found = configItemAt(config, path);
      if (found === undefined) return { message: `merged config: ${path.join('.')}: ${message}` };
      return ownedProblem(
        provenance.of(found.item),
        `merged config: ${found.description}: ${message}`,
        provenance.field(found.item),
      );
    });
  const stream = pool.spec.osImageStream?.name;
  if (stream !== undefined && osImage.machineConfig !== undefined) {
    problems.push({
      machineConfig: osImage.machineConfig,
      field: 'spec.osImageURL',
      message: `the pool takes its OS image from the stream ${JSON.stringify(stream)} (spec.osImageStream); remove one of the two`,
    });
  }
  if (merged.extensions.includes('kernel-devel') && kernelType !== 'default') {
    const owners = provenance.of({ section: 'extensions', key: 'kernel-devel' });
    problems.push(
      ownedProblem(
        owners,
        `the extension kernel-devel does not go with kernelType ${kernelType}; take one of them out`,
        provenance.field({ section: 'extensions', key: 'kernel-devel' }),
      ),
    );
  }
  const dropin = runcDropin(config, streamClass);
  if (dropin !== undefined) {
    const { path, reason } = dropin;
    const file = { section: 'storage.files', key: path } as const;
    problems.push(ownedProblem(provenance.of(file), `${path}: ${reason}`, provenance.field(file)));
  }
  return problems;
}

function assemble(
  pool: string,
  selected: readonly MachineConfig[],
  merged: Merged,
): Omit<Rendered, 'warnings'> {
  const { config, provenance, osImage, extensionsImage, extensions, fips, kernelArguments, kernelType } =
    merged;
  const spec = {
    baseOSExtensionsContainerImage: extensionsImage.image,
    config: prune(config),
    extensions,
    fips,
    kernelArguments,
    kernelType,
    osImageURL: osImage.image,
  };
  const name = `rendered-${pool}-${saltedHash(spec)}`;
  const isOverridden = osImage.machineConfig !== undefined;
  const annotations = isOverridden ? { annotations: { [OS_IMAGE_OVERRIDDEN_ANNOTATION]: 'true' } } : {};
  const order = selected.map(({ metadata }) => metadata.name);
  return {
    name,
    machineConfig: {
      apiVersion: API_VERSION,
      kind: 'MachineConfig',
      metadata: { name, ...annotations },
      spec,
    },
    config,
    order,
    sources: [...order].sort(),
    provenance,
  };
}

function findUnreachable(
  rendered: Omit<Rendered, 'warnings'>,
  { current, irreconcilableOverrides }: RenderInput,
): readonly Problem[] {
  if (current === undefined || current.metadata.name === rendered.name) return [];
  return reconcile(current, rendered, irreconcilableOverrides).map(({ field, message, machineConfigs }) =>
    ownedProblem(machineConfigs, message, field),
  );
}

/** A problem of one or several MachineConfigs; the last one is the one that decided. */
function ownedProblem(owners: readonly string[], message: string, field?: string): Problem {
  const last = owners.at(-1);
  const others = owners.slice(0, -1);
  const also = others.length === 0 ? '' : ` (also set by ${others.join(', ')})`;
  return {
    ...(last === undefined ? {} : { machineConfig: last }),
    ...(field === undefined ? {} : { field }),
    message: message + also,
  };
}

function imageWarnings({ image, machineConfig }: ChosenImage): readonly string[] {
  if (machineConfig === undefined || image.includes('@sha256:')) return [];
  // The image is not repeated: what is no reference may hold a password.
  const message =
    'the image has no digest, so the same configuration can come to mean another OS; write name@sha256:…';
  return [formatProblem({ machineConfig, field: 'spec.osImageURL', message })];
}
