import type { MediaFamily, Reference } from '../oci/index.ts';
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
  /** Proxies: for what is pulled and pushed; and each instruction may see them as build arguments and as variables. */
  readonly proxyEnvironment: Readonly<Record<string, string>>;
  /** Ends it, and all that it started. */
  readonly signal: AbortSignal;
  /** What the builder says, line by line. */
  readonly say: (line: string) => void;
}

/** Runs Containerfiles. */
export interface ContainerBuilder {
  /** As GOARCH names it: what it builds for, and nothing else; nothing is emulated. */
  readonly architecture: string;
  /**
   * Builds and pushes.
   *
   * @throws OsBuildError what `containerBuildError` says of a build that failed, `no-builder` where none can begin
   */
  build(request: ContainerBuildRequest): Promise<void>;
}
