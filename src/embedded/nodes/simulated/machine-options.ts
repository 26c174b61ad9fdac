import type { NodeMachine } from '../node-machine.ts';

/** Which tools a simulated host has, by their releases; one that is left out is not there. */
export interface SimulatedTools {
  readonly bootc?: { readonly version: string; readonly switchDownloadOnly?: boolean };
  readonly rpmOstree?: { readonly version: string };
  /** Every host of deployments has its library; the program may be missing all the same. */
  readonly ostree?: { readonly version: string };
  readonly skopeo?: { readonly version: string };
  /** Default: 257. */
  readonly systemd?: string;
}

export interface SimulatedMachineOptions {
  /** Of the node; a host name. */
  readonly name: string;
  /** The machine's own, where its disk is kept; a folder that has one boots what it holds. */
  readonly folder: string;
  /** What is installed on an empty disk: `HOST/REPOSITORY@sha256:…`. */
  readonly image: string;
  /** The machine's own kernel arguments, beside those of its images. Default: `root=LABEL=root rw`. */
  readonly kernelArguments?: readonly string[];
  /** Default: bootc, rpm-ostree and ostree of their current releases. */
  readonly tools?: SimulatedTools;
  /** Registries (`HOST[:PORT]`) that speak plain HTTP, beside those on loopback. */
  readonly plainHttp?: readonly string[];
  /** CA certificates in PEM that the host trusts in addition. */
  readonly certificateAuthorities?: readonly string[];
  /** Credentials of registries, a containers-auth.json: what the host was given when it was installed. */
  readonly pullSecret?: string;
  /** Told in one line what takes long: the first installation. */
  readonly onProgress?: (message: string) => void;
}

/** A machine that is a folder. What it can do beside that of any other, tests and people use. */
export interface SimulatedNodeMachine extends NodeMachine {
  readonly folder: string;
  /** Where this process sees the host's root directory. */
  readonly root: string;
  /** The folder of its tools, which alone is to be in the PATH of what runs on it. */
  readonly bin: string;
  /** Switches it off as by a power cut, and removes its folder. */
  erase(): Promise<void>;
}
