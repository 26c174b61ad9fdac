import { jobNames, type BuildJobSettings } from '../osbuild/index.ts';
import { BuildJobs, type JobClient } from './build-jobs.ts';
import type { ContainerBuilding } from './container-building.ts';
import { FinishedJobs } from './finished-jobs.ts';
import { JobBuilder } from './job-builder.ts';
import type { Log } from './support.ts';

export interface JobBuildingOptions {
  readonly client: JobClient;
  /** Of the Jobs: Varve's. */
  readonly namespace: string;
  readonly settings: BuildJobSettings;
  readonly log: Log;
  /** Why it is this builder, for people. */
  readonly why: string;
}

/** Container builds as Jobs of the cluster, on nodes of the architecture that they are for. */
export function jobBuilding(options: JobBuildingOptions): ContainerBuilding {
  const { client, namespace, settings, log, why } = options;
  const jobs = new BuildJobs(client);
  return {
    kind: 'job',
    buildersFor: ({ build, pool, access, onBuilder }) => ({
      for: (architecture) => {
        const names = jobNames(build.metadata.name, architecture);
        const description = `Job ${namespace}/${names.job}, on a node of ${architecture}, ${why}`;
        onBuilder({ description, job: { namespace, name: names.job } });
        const order = { build, pool, architecture, namespace, names, access, settings };
        return new JobBuilder({ client, jobs, log, description, order });
      },
    }),
    clearAway: (builds, signal) => new FinishedJobs({ client, namespace, jobs, builds, log }).run(signal),
  };
}
