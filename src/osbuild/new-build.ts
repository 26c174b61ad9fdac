import type { MachineConfig, MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import type { JsonObject } from '../ignition/index.ts';
import { saltedHash } from '../machineconfig/index.ts';
import type { Reference } from '../oci/index.ts';
import { formatReference, OciError, parseReference } from '../oci/index.ts';
import {
  ARCHITECTURES_ANNOTATION,
  ATTEMPT_ANNOTATION,
  CIRCUMSTANCES_ANNOTATION,
  INPUTS_ANNOTATION,
  OS_CONFIG_LABEL,
  PUSH_SECRET_ANNOTATION,
  RELEASE_ANNOTATION,
  RENDERED_CONFIG_LABEL,
  TARGET_POOL_LABEL,
} from './build-keys.ts';
import { OsBuildError } from './osbuild-error.ts';

/** What the image of a pool is made from, as far as objects name it. */
export interface BuildInputs {
  readonly pool: MachineConfigPool;
  readonly osConfig: MachineOSConfig;
  /** The rendered MachineConfig that the pool wants. */
  readonly rendered: MachineConfig;
  /**
   * The base by its digest. Absent: `spec.osImageURL` of the rendered MachineConfig, which has one unless a person wrote
   * a tag there or gave the pool another base.
   */
  readonly base?: string;
}

/** What a build records about how it came about. */
export interface BuildOrigin {
  /** See {@link CIRCUMSTANCES_ANNOTATION}. */
  readonly circumstances: string;
  readonly attempt: number;
  /** See {@link ARCHITECTURES_ANNOTATION}. */
  readonly architectures?: readonly string[];
}

/** A tag of a registry has this many characters at the most (distribution-spec); `-` and the hash take 33. */
const MAX_TAG = 128;
const HASH_SUFFIX = 33;
/** What the API accepts as a label's value. */
const MAX_LABEL_VALUE = 63;
const RENDERED_PREFIX = 'rendered-';

/**
 * The name of the build of these inputs, `<MachineOSConfig>-<hash>` (contract §4.3): the same inputs, the same name.
 * Whether the pool is paused, and what is in secrets, does not count.
 */
export function buildName({ pool, osConfig, rendered, base }: BuildInputs): string {
  const { source = [], ...reference } = pool.spec.configuration ?? {};
  const hash = saltedHash(
    { ...reference, ...(source.length === 0 ? {} : { source }) },
    specForHash(osConfig),
    imagesForHash(rendered, base),
  );
  return `${osConfig.metadata.name}-${hash}`;
}

/**
 * A hash of the same inputs but for the names of the MachineConfigs that the configuration was rendered from: as long as
 * the rendered MachineConfig is the same, they change nothing about the image.
 */
export function inputsHash({ pool, osConfig, rendered, base }: BuildInputs): string {
  return saltedHash(
    { pool: pool.metadata.name, rendered: rendered.metadata.name },
    specForHash(osConfig),
    imagesForHash(rendered, base),
  );
}

/**
 * The MachineOSBuild to create for these inputs (contract §4.3). It pushes to the MachineOSConfig's repository, under its
 * own name as the tag.
 *
 * @throws OsBuildError `invalid-os-config` with the field that a person has to change
 */
export function newBuild(inputs: BuildInputs, origin: BuildOrigin): MachineOSBuild {
  const { pool, osConfig, rendered } = inputs;
  checkInputs(inputs);
  const name = buildName(inputs);
  const labels = {
    [TARGET_POOL_LABEL]: pool.metadata.name,
    [RENDERED_CONFIG_LABEL]: rendered.metadata.name,
    [OS_CONFIG_LABEL]: osConfig.metadata.name,
  };
  const { uid } = osConfig.metadata;
  const { apiVersion, kind } = osConfig;
  const owner = {
    apiVersion,
    kind,
    name: osConfig.metadata.name,
    uid: uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    apiVersion,
    kind: 'MachineOSBuild',
    metadata: {
      name,
      // A value that is too long would make the API refuse the build; what it says is in the spec as well.
      labels: Object.fromEntries(
        Object.entries(labels).filter(([, value]) => value.length <= MAX_LABEL_VALUE),
      ),
      annotations: {
        [PUSH_SECRET_ANNOTATION]: osConfig.spec.renderedImagePushSecret.name,
        [INPUTS_ANNOTATION]: inputsHash(inputs),
        [CIRCUMSTANCES_ANNOTATION]: origin.circumstances,
        [ATTEMPT_ANNOTATION]: String(origin.attempt),
        ...(origin.architectures === undefined
          ? {}
          : { [ARCHITECTURES_ANNOTATION]: origin.architectures.join(',') }),
      },
      finalizers: ['foregroundDeletion'],
      ...(uid === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: {
      machineConfig: { name: rendered.metadata.name },
      machineOSConfig: { name: osConfig.metadata.name },
      renderedImagePushSpec: formatReference({ ...pushRepository(osConfig), tag: name }),
    },
  };
}

/**
 * Where a MachineOSConfig's images go. The tag of its push spec says nothing (contract §1.3).
 *
 * @throws OsBuildError `invalid-os-config`
 */
export function pushRepository({ metadata, spec }: MachineOSConfig): Reference {
  try {
    const { registry, repository } = parseReference(spec.renderedImagePushSpec);
    return { registry, repository };
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    throw invalid(metadata.name, 'spec.renderedImagePushSpec', error.message);
  }
}

function checkInputs({ pool, osConfig, rendered }: BuildInputs): void {
  const { name } = osConfig.metadata;
  if (osConfig.spec.machineConfigPool.name !== pool.metadata.name) {
    const received = `received pool ${JSON.stringify(pool.metadata.name)}`;
    throw invalid(
      name,
      'spec.machineConfigPool.name',
      `is ${osConfig.spec.machineConfigPool.name}, ${received}`,
    );
  }
  if (!rendered.metadata.name.startsWith(RENDERED_PREFIX)) {
    const message = `pool ${pool.metadata.name} has spec.configuration.name ${JSON.stringify(rendered.metadata.name)}, which is no rendered MachineConfig; its name would begin with ${RENDERED_PREFIX}`;
    throw invalid(name, 'spec.machineConfigPool.name', message);
  }
  if (name.length + HASH_SUFFIX > MAX_TAG) {
    const message = `has ${name.length} characters; builds are tagged with it and a hash, and registries take ${MAX_TAG} characters, so that it and the pool may have ${MAX_TAG - HASH_SUFFIX}`;
    throw invalid(name, 'metadata.name', message);
  }
}

function invalid(osConfig: string, field: string, reason: string): OsBuildError {
  return new OsBuildError(
    'invalid-os-config',
    `cannot build an image for MachineOSConfig ${JSON.stringify(osConfig)}: ${field}: ${reason}`,
    { field },
  );
}

/** As Go writes it: an absent list is null, absent structures that are optional are not there. */
function specForHash({ spec }: MachineOSConfig): JsonObject {
  return { ...spec, containerFile: spec.containerFile ?? null };
}

function imagesForHash({ metadata, spec }: MachineConfig, base: string | undefined): JsonObject {
  return {
    BaseOSContainerImage: base ?? spec.osImageURL ?? '',
    BaseOSExtensionsContainerImage: spec.baseOSExtensionsContainerImage ?? '',
    OSImageURL: '',
    ReleaseVersion: metadata.annotations?.[RELEASE_ANNOTATION] ?? '',
  };
}
