import type { MachineConfig } from '../api/index.ts';
import type { Rendered } from '../machineconfig/index.ts';
import type { Reference } from '../oci/index.ts';
import type { Architectures } from './base-catalog.ts';
import type { BuildInputs } from './build-inputs.ts';
import type { TaggedImage } from './build-retention.ts';
import type { ContainerBuilders } from './container-builder.ts';
import type { CustomisationWish } from './customisation.ts';

/** A document of credentials (`registryCredentials`) and the secret that it is from. */
export interface SecretDocument {
  /** `namespace/name`, for messages. */
  readonly name: string;
  readonly document: string;
}

/** How the registries of a pool are reached. */
export interface RegistryAccess {
  /** For the base and all other repositories; absent: anonymously. */
  readonly pull: SecretDocument | undefined;
  /** For the repository that is pushed to. */
  readonly push: SecretDocument;
  readonly certificateAuthorities: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly proxyEnvironment: Readonly<Record<string, string | undefined>>;
}

/** Which base a pool's image stands on. */
export interface ResolvedBaseName {
  /** By its digest. */
  readonly base: string;
  /** Whether an administrator's image, under the pool's tag for that, has taken the place of osImageURL. */
  readonly isExternal: boolean;
}

/** What a pool's image may need that only a container build can give it. */
export interface PoolContainers {
  /** Of the image of an architecture, as GOARCH names it (`containerWish`). */
  readonly wishFor: (architecture: string) => Promise<CustomisationWish | undefined>;
  /** Asked only where nobody has built the same before. */
  readonly builders: ContainerBuilders;
  readonly inputs: BuildInputs;
}

export interface PoolBuildRequest {
  readonly pool: string;
  readonly rendered: Rendered;
  /** By its digest. */
  readonly base: Reference;
  /** With the tag of the build. */
  readonly push: Reference;
  readonly architectures: Architectures;
  /** Those that the image has to have. Default: none in particular. */
  readonly requiredArchitectures?: readonly string[];
  /** Absent: nothing, whatever its objects say. */
  readonly containers?: PoolContainers;
  readonly signal: AbortSignal;
  /** What a person who reads the build's log wants to know, line by line; no secrets. */
  readonly say: (line: string) => void;
}

export interface PoolBuildResult {
  /** `registry/repository@digest`. */
  readonly image: string;
  readonly upToDate: boolean;
  readonly warnings: readonly string[];
}

/**
 * All that the image of a pool needs of registries, with the pool's own credentials. Every method fails with OciError or
 * OsBuildError (`buildFailure` says what they mean), may run at the same time as others, and ends when its signal aborts:
 * then nothing that it began goes on.
 */
export interface PoolRegistry {
  /**
   * The base now: the pool's external image in the push repository, else `osImageURL`, resolved to a digest. Whether there
   * is an image of a digest that osImageURL names is found out by the build.
   */
  resolveBase(request: {
    readonly pool: string;
    readonly osImageURL: string;
    /** Any reference into the push repository. */
    readonly push: Reference;
    readonly signal: AbortSignal;
  }): Promise<ResolvedBaseName>;
  /** Makes an image and pushes it, verified to be there. */
  build(request: PoolBuildRequest): Promise<PoolBuildResult>;
  /**
   * Whether the registry has an image of the pool, by its digest: `registry/repository@digest`.
   *
   * @param push any reference into the push repository, if the image may be elsewhere
   */
  has(image: string, signal: AbortSignal, push?: Reference): Promise<boolean>;
  /**
   * Lets the pool's tags, in the repository of the image, name the image and the rendered configuration (as an artifact);
   * nothing is written twice.
   */
  publishTags(request: {
    readonly pool: string;
    readonly image: string;
    /** As `render` made it, or as the API has it. */
    readonly rendered: MachineConfig;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /** All tags of a repository with what they name; none where there is no such repository. */
  listImages(push: Reference, signal: AbortSignal): Promise<readonly TaggedImage[]>;
  /**
   * The keys of the customisations that images of a repository stand on, by digest; each image is read once. What is not there
   * stands on none.
   */
  customisationsOf(
    push: Reference,
    digests: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>>;
  /**
   * Deletes images by digest. What is gone already, and a registry that does not delete or does not let us, is no error
   * (contract §4.9). Answers how many went.
   */
  deleteImages(push: Reference, digests: readonly string[], signal: AbortSignal): Promise<number>;
  /** Ends what is under way. */
  close(): void;
}
