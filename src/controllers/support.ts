import type { EventRecorder, KubeClient, Reconciliation } from '../kube/index.ts';
import type { ImageModeDefaults } from '../machineconfig/index.ts';
import type { Architectures, BuildCache } from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';
import type { ContainerBuilding } from './container-building.ts';
import type { PoolFindings } from './pool-findings.ts';

/** Varve's own configuration; durations in milliseconds. */
export interface ControllerSettings {
  /** Of secrets, leases, build logs, and what container builds are given and run as. */
  readonly namespace: string;
  /** Absent: no pool gets a MachineOSConfig that nobody made. */
  readonly imageMode?: ImageModeDefaults;
  /** The secret to pull with for a MachineOSConfig that names none (contract §1.3). */
  readonly clusterPullSecret: string;
  /** How long MachineConfigs must have been at rest before they are rendered, and the longest that changes put it off. */
  readonly quiet: { readonly period: number; readonly longest: number };
  /** How often a registry is asked whether a base has changed, and whether an image is still there. */
  readonly registryPoll: number;
  /** Of a base for several, which are built. */
  readonly architectures: Architectures;
  /** Of this machine, as GOARCH names it: that of a container build for a pool which has no nodes yet. Default: those of the base. */
  readonly machineArchitecture?: string;
  readonly concurrentBuilds: number;
  /** Rendered MachineConfigs of a pool that stay although nothing uses them. */
  readonly keptRendered: number;
  /** Builds of a pool that stay although nothing uses their image. */
  readonly keptBuilds: number;
  /** How long after a change it is looked at what may go, and how often at the least. */
  readonly retention: { readonly delay: number; readonly period: number };
  /** Registries (`host[:port]`) where plain HTTP and unverified TLS are allowed. */
  readonly insecureRegistries: readonly string[];
  /** PEM, in addition to those of Node and of the ControllerConfig. */
  readonly certificateAuthorities: readonly string[];
  /** The Node that this process runs on, if that is one of the cluster's: its turn to be updated comes last. */
  readonly nodeName?: string;
  /** Environment variables to take proxies from. */
  readonly proxyEnvironment: Readonly<Record<string, string | undefined>>;
}

export const DEFAULT_SETTINGS: Omit<ControllerSettings, 'namespace'> = {
  clusterPullSecret: 'global-pull-secret-copy',
  quiet: { period: 100, longest: 5000 },
  registryPoll: 60_000,
  architectures: 'all',
  concurrentBuilds: 4,
  keptRendered: 10,
  keptBuilds: 5,
  retention: { delay: 5000, period: 3_600_000 },
  insecureRegistries: [],
  certificateAuthorities: [],
  proxyEnvironment: {},
};

/** What is said about a message, beside it. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Constant messages, with what varies in the fields; never a secret. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** With the stack of an error that nobody expected. */
  error(message: string, fields?: LogFields, error?: unknown): void;
}

/** What every controller works with. */
export interface ControllerSupport {
  readonly client: KubeClient;
  readonly view: ClusterView;
  readonly events: EventRecorder;
  readonly findings: PoolFindings;
  readonly settings: ControllerSettings;
  readonly cache: BuildCache;
  readonly containers: ContainerBuilding;
  readonly log: Log;
  /** Told of every run of a controller. */
  readonly onReconciled?: (run: Reconciliation) => void;
}
