import type { Digest, MediaFamily, Reference } from '../oci/index.ts';
import type { BuildMount } from './build-inputs.ts';
import type { AssembledContainerfile } from './containerfile-assembly.ts';

/** A container build, with all that it needs. */
export interface ContainerBuildRequest {
  readonly assembled: AssembledContainerfile;
  /** Of the manifest that comes of it: that of the image it stands on. */
  readonly mediaFamily: MediaFamily;
  /** Where the image goes, with its tag. */
  readonly push: Reference;
  /** Images that it stands on or copies from, as far as the text names them. */
  readonly images: readonly Reference[];
  /** What all of its instructions see, in every stage; nothing of it is in a layer, nor in what the builder says. */
  readonly mounts: readonly BuildMount[];
  /** Mirrors of the registries that it pulls from: the pool's `/etc/containers/registries.conf`, if it has one. */
  readonly registriesConf?: string;
  /** Which images may be pulled: the pool's `/etc/containers/policy.json`, if it has one. Default: all. */
  readonly policy?: string;
  /** Proxies: for what is pulled and pushed; and each instruction may see them as build arguments and as variables. */
  readonly proxyEnvironment: Readonly<Record<string, string>>;
  /** Ends it, and all that it started. */
  readonly signal: AbortSignal;
  /** What the builder says, line by line. */
  readonly say: (line: string) => void;
}

/** Runs Containerfiles. */
export interface ContainerBuilder {
  /** Which one it is, and why that one, for people: `buildah on this machine, since …`. */
  readonly description: string;
  /**
   * Builds and pushes. A builder that finds the very build under way goes on with that one, whatever `push` it has.
   *
   * @returns the digest of the image, which is in the repository of `push`
   * @throws OsBuildError what `containerBuildError` says of a build that failed, `no-builder` where none can begin
   */
  build(request: ContainerBuildRequest): Promise<Digest>;
}

/** The builders that there are. */
export interface ContainerBuilders {
  /**
   * One that builds natively for an architecture, as GOARCH names it.
   *
   * @throws OsBuildError `no-builder` where there is none; nothing is emulated
   */
  for(architecture: string): ContainerBuilder;
}
