import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { noise } from './filler.ts';

interface SiteFile {
  readonly path: string;
  readonly mode: number;
  readonly overwrite: true;
  readonly contents: { readonly source: string };
}

interface SiteUnit {
  readonly name: string;
  readonly enabled?: boolean;
  readonly mask?: boolean;
  readonly contents?: string;
  readonly dropins?: readonly { readonly name: string; readonly contents: string }[];
}

export interface SiteMachineConfig {
  readonly apiVersion: 'machineconfiguration.openshift.io/v1';
  readonly kind: 'MachineConfig';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly config: {
      readonly ignition: { readonly version: string };
      readonly storage: { readonly files: readonly SiteFile[] };
      readonly systemd: { readonly units: readonly SiteUnit[] };
    };
  };
}

export const SITE_POOL = 'layered';
const ROLE = 'machineconfiguration.openshift.io/role';
const GROUPS = [
  'audit',
  'chrony',
  'containers',
  'kubelet',
  'limits',
  'modules',
  'network',
  'site-tools',
  'sysctl',
  'udev',
];
const FILES_PER_GROUP = 20;
const UNITS_PER_GROUP = 3;

/** Where an administrator's files of a subject go, and with which mode; a few lie where an ostree host links to /var. */
function location(group: string, n: number): { path: string; mode: number } {
  if (group === 'site-tools') return { path: `/usr/local/bin/site-tool-${n}`, mode: 0o755 };
  if (n === 19) return { path: `/var/lib/site/${group}.json`, mode: 0o600 };
  return { path: `/etc/${group}.d/${50 + n}-site.conf`, mode: n % 7 === 6 ? 0o600 : 0o644 };
}

/** About 1.1 kB that compresses as hand-written configuration with keys and addresses in it does. */
function settings(seed: string): string {
  const random = noise(seed);
  const lines = Array.from({ length: 24 }, (_, n) => `site_option_${n} = ${random(21).toString('base64')}`);
  return `# Managed by the site's MachineConfigs\n${lines.join('\n')}\n`;
}

/**
 * What a site's administrators accumulate: ten MachineConfigs with 200 files of about 1.1 kB and 30 units in all. Each
 * `round` differs from every other in the contents of one file.
 */
export function siteMachineConfigs(round = 0): readonly SiteMachineConfig[] {
  return GROUPS.map((group, at) => ({
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: `${10 + at}-site-${group}`, labels: { [ROLE]: SITE_POOL } },
    spec: {
      config: {
        ignition: { version: '3.2.0' },
        storage: {
          files: Array.from({ length: FILES_PER_GROUP }, (_, n) => {
            const changed = group === 'network' && n === 0 ? ` ${round}` : '';
            const text = settings(`${group} ${n}${changed}`);
            const source = `data:text/plain;charset=utf-8;base64,${Buffer.from(text).toString('base64')}`;
            return { ...location(group, n), overwrite: true, contents: { source } };
          }),
        },
        systemd: { units: Array.from({ length: UNITS_PER_GROUP }, (_, n) => unit(group, n)) },
      },
    },
  }));
}

function unit(group: string, n: number): SiteUnit {
  if (n === 2 && group === 'udev') return { name: 'apt-daily.timer', enabled: false };
  if (n === 2 && group === 'audit') return { name: 'rpcbind.service', mask: true };
  const dropin = { name: '10-site.conf', contents: `[Service]\nEnvironment=SITE_GROUP=${group}\n` };
  return {
    name: `site-${group}-${n}.service`,
    enabled: n !== 1,
    contents: `[Unit]
Description=Site task ${n} of ${group}
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/bin/site-tool-${n}

[Install]
WantedBy=multi-user.target
`,
    ...(n === 0 ? { dropins: [dropin] } : {}),
  };
}

/** The pool that the site’s objects are for. */
export const SITE_POOL_OBJECT: object = {
  apiVersion: 'machineconfiguration.openshift.io/v1',
  kind: 'MachineConfigPool',
  metadata: { name: SITE_POOL },
  spec: {
    machineConfigSelector: {
      matchExpressions: [{ key: ROLE, operator: 'In', values: ['worker', SITE_POOL] }],
    },
    nodeSelector: { matchLabels: { [`node-role.kubernetes.io/${SITE_POOL}`]: '' } },
  },
};

/** Writes the site's objects as YAML, one file each, as they lie in an administrator's repository. */
export async function writeSiteConfig(folder: string, round = 0): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'pool.yaml'), stringify(SITE_POOL_OBJECT));
  for (const object of siteMachineConfigs(round)) {
    await writeFile(join(folder, `${object.metadata.name}.yaml`), stringify(object));
  }
}

/** The same as one rendered MachineConfig, the way the peer gets it: the configs name disjoint things, so merging is joining. */
export function renderedSite(round = 0): string {
  const configs = siteMachineConfigs(round).map(({ spec }) => spec.config);
  return JSON.stringify({
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: `rendered-${SITE_POOL}-${round}` },
    spec: {
      config: {
        ignition: { version: '3.2.0' },
        storage: { files: configs.flatMap((config) => config.storage.files) },
        systemd: { units: configs.flatMap((config) => config.systemd.units) },
      },
    },
  });
}
