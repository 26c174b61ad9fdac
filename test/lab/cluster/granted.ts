import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { at } from '../api-client.ts';
import { CHECKOUT } from '../varve.ts';

/** What deploy/controller/rbac.yaml lets the controllers do, as `RecordingClient` notes what they do. */
export async function grantedToController(): Promise<ReadonlySet<string>> {
  const granted = new Set<string>();
  for (const object of loadAll(await readFile(join(CHECKOUT, 'deploy/controller/rbac.yaml'), 'utf8'))) {
    const rules = (at(object, 'rules') ?? []) as Record<'apiGroups' | 'resources' | 'verbs', string[]>[];
    for (const { apiGroups, resources, verbs } of rules) {
      for (const group of apiGroups)
        for (const resource of resources)
          for (const verb of verbs) granted.add(`${verb} ${group} ${resource}`);
    }
  }
  return granted;
}

/** What of it is for the Jobs of container builds alone; job-builder.test.ts needs each, and the other tests none. */
export const GRANTED_FOR_JOBS: readonly string[] = [
  'create  secrets',
  'create batch jobs',
  'delete  configmaps',
  'delete  secrets',
  'delete batch jobs',
  'patch  secrets',
  'patch machineconfiguration.openshift.io machineosbuilds',
];
