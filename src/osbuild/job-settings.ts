import { BUILDER_SERVICE_ACCOUNT } from '../api/index.ts';

/** How an installation has container builds run as Jobs. */
export interface BuildJobSettings {
  /** Of the builder: deploy/builder/Containerfile. */
  readonly image: string;
  /** Of its pods: deploy/builder/rbac.yaml. */
  readonly serviceAccount: string;
  /** Of its pods, as a container has them: quantities by resource. */
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  /** How long a Job may take, with all its pods, in milliseconds. */
  readonly deadline: number;
  /** A PersistentVolumeClaim in Varve's namespace, where downloads of packages are kept from one build to the next, in a folder for each pool. */
  readonly cacheClaim?: string;
  /** Secrets to pull the builder's image with. */
  readonly pullSecrets: readonly string[];
}

/** All but the image, which every installation names. */
export const DEFAULT_JOB_SETTINGS: Omit<BuildJobSettings, 'image'> = {
  serviceAccount: BUILDER_SERVICE_ACCOUNT,
  // A base of some gigabytes is unpacked on the node's disk.
  resources: { requests: { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '8Gi' }, limits: {} },
  deadline: 3_600_000,
  pullSecrets: [],
};
