/**
 * An Ignition config in the shape of the newest spec. Absent members are not set; null is never stored, and empty
 * lists and structs are left out. Strings that a spec requires are always present (`''` when the input left them out,
 * as the real tool does), so that validation can say so.
 */
export interface Config {
  readonly ignition: Ignition;
  readonly kernelArguments?: KernelArguments;
  readonly passwd?: Passwd;
  readonly storage?: Storage;
  readonly systemd?: Systemd;
}

interface Ignition {
  readonly config?: { readonly merge?: readonly Resource[]; readonly replace?: Resource };
  readonly proxy?: Proxy;
  readonly security?: { readonly tls?: Tls };
  /** Seconds. */
  readonly timeouts?: { readonly httpResponseHeaders?: number; readonly httpTotal?: number };
  readonly version: string;
}

export interface Tls {
  readonly certificateAuthorities?: readonly Resource[];
}

export interface Proxy {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: readonly string[];
}

/** Bytes to fetch: a URL, how they are compressed and what they must hash to. */
export interface Resource {
  readonly compression?: string;
  readonly httpHeaders?: readonly HttpHeader[];
  readonly source?: string;
  readonly verification?: Verification;
}

export interface HttpHeader {
  readonly name: string;
  readonly value?: string;
}

export interface Verification {
  /** `sha256-<hex>` or `sha512-<hex>`, over the decompressed bytes. */
  readonly hash?: string;
}

interface KernelArguments {
  readonly shouldExist?: readonly string[];
  readonly shouldNotExist?: readonly string[];
}

interface Passwd {
  readonly groups?: readonly Group[];
  readonly users?: readonly User[];
}

export interface Group {
  readonly gid?: number;
  readonly name: string;
  readonly passwordHash?: string;
  readonly shouldExist?: boolean;
  readonly system?: boolean;
}

export interface User {
  readonly gecos?: string;
  readonly groups?: readonly string[];
  readonly homeDir?: string;
  readonly name: string;
  readonly noCreateHome?: boolean;
  readonly noLogInit?: boolean;
  readonly noUserGroup?: boolean;
  readonly passwordHash?: string;
  readonly primaryGroup?: string;
  readonly sshAuthorizedKeys?: readonly string[];
  readonly shell?: string;
  readonly shouldExist?: boolean;
  readonly system?: boolean;
  readonly uid?: number;
}

export interface Storage {
  readonly directories?: readonly Directory[];
  readonly disks?: readonly Disk[];
  readonly files?: readonly File[];
  readonly filesystems?: readonly Filesystem[];
  readonly links?: readonly Link[];
  readonly luks?: readonly Luks[];
  readonly raid?: readonly Raid[];
}

export interface NodeOwner {
  readonly id?: number;
  readonly name?: string;
}

export interface Node {
  readonly group?: NodeOwner;
  readonly overwrite?: boolean;
  readonly path: string;
  readonly user?: NodeOwner;
}

export interface Directory extends Node {
  readonly mode?: number;
}

export interface File extends Node {
  readonly append?: readonly Resource[];
  readonly contents?: Resource;
  readonly mode?: number;
}

export interface Link extends Node {
  readonly hard?: boolean;
  readonly target?: string;
}

export interface Disk {
  readonly device: string;
  readonly partitions?: readonly Partition[];
  readonly wipeTable?: boolean;
}

export interface Partition {
  readonly guid?: string;
  readonly label?: string;
  /** 0 and absent mean the next free number. */
  readonly number?: number;
  readonly resize?: boolean;
  readonly shouldExist?: boolean;
  readonly sizeMiB?: number;
  readonly startMiB?: number;
  readonly typeGuid?: string;
  readonly wipePartitionEntry?: boolean;
}

export interface Filesystem {
  readonly device: string;
  readonly format?: string;
  readonly label?: string;
  readonly mountOptions?: readonly string[];
  readonly options?: readonly string[];
  readonly path?: string;
  readonly uuid?: string;
  readonly wipeFilesystem?: boolean;
}

export interface Raid {
  readonly devices?: readonly string[];
  readonly level?: string;
  readonly name: string;
  readonly options?: readonly string[];
  readonly spares?: number;
}

export interface Luks {
  readonly cex?: { readonly enabled?: boolean };
  readonly clevis?: Clevis;
  readonly device?: string;
  readonly discard?: boolean;
  readonly keyFile?: Resource;
  readonly label?: string;
  readonly name: string;
  readonly openOptions?: readonly string[];
  readonly options?: readonly string[];
  readonly uuid?: string;
  readonly wipeVolume?: boolean;
}

interface Clevis {
  readonly custom?: ClevisCustom;
  readonly tang?: readonly Tang[];
  readonly threshold?: number;
  readonly tpm2?: boolean;
}

export interface ClevisCustom {
  readonly config?: string;
  readonly needsNetwork?: boolean;
  readonly pin?: string;
}

export interface Tang {
  readonly advertisement?: string;
  readonly thumbprint?: string;
  readonly url?: string;
}

export interface Systemd {
  readonly units?: readonly Unit[];
}

export interface Unit {
  readonly contents?: string;
  readonly dropins?: readonly Dropin[];
  readonly enabled?: boolean;
  readonly mask?: boolean;
  readonly name: string;
}

export interface Dropin {
  readonly contents?: string;
  readonly name: string;
}
