import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { BuildahPeer } from '../test/lab/buildah.ts';
import type { Laboratory } from '../test/lab/laboratory.ts';
import { renderedSite, SITE_POOL, writeSiteConfig } from '../test/lab/site-config.ts';
import { CHECKOUT } from '../test/lab/varve.ts';
import { type Contender, runVarve } from './contender.ts';
import type { Stopwatch } from './measure.ts';

/** What varve says of a container that it has had run. */
const RAN = /a container build makes/;

/**
 * A site whose Containerfile installs a package, that of examples/automount: the reference's whole build against Varve's, which has the
 * package already when a file changes that its build cannot see.
 */
export async function containerContenders(
  lab: Laboratory,
  stopwatch: Stopwatch,
  peers: { readonly cold: BuildahPeer; readonly warm: BuildahPeer },
): Promise<readonly Contender[]> {
  const osConfig = await readFile(join(CHECKOUT, 'examples/automount/debian/machineosconfig.yaml'), 'utf8');
  const document = parse(osConfig) as {
    readonly spec: { readonly containerFile: readonly [{ readonly content: string }] };
  };
  const containerfile = document.spec.containerFile[0].content;
  const whole = (key: string, title: string, peer: BuildahPeer, prepare: () => Promise<void>): Contender => ({
    key,
    title,
    prepare,
    async build(change) {
      await peer.buildAndPush({
        base: lab.base,
        push: `${lab.registry.host}/os/${key}:1`,
        pool: SITE_POOL,
        name: `rendered-${SITE_POOL}-${change}`,
        machineConfig: renderedSite(change),
        containerfile,
      });
      return stopwatch.take();
    },
  });
  const folder = join(lab.folder, 'site-containers');
  let repository = 0;
  const prepare = async (change: number): Promise<void> => {
    await writeSiteConfig(folder, change);
    await writeFile(join(folder, 'os-config.yaml'), osConfig.replaceAll('worker-test', SITE_POOL));
    await writeFile(join(folder, 'repository.json'), JSON.stringify(repositoryConfig(repository)));
  };
  const varve = (key: string, title: string, runs: boolean): Contender => ({
    key,
    title,
    async prepare(change) {
      if (runs) repository = change;
      await prepare(change);
    },
    async build() {
      const push = `${lab.registry.host}/os/varve-containers:1`;
      const { stderr } = await runVarve(lab, stopwatch, { folder, push, cache: 'cache' });
      if (RAN.test(stderr) !== runs) {
        throw new Error(`cannot measure ${key}: a container ${runs ? 'did not run' : 'ran'}\n${stderr}`);
      }
      return stopwatch.take();
    },
  });
  return [
    whole('buildah-whole-cold', 'buildah, whole Containerfile, empty storage', peers.cold, () =>
      peers.cold.empty(),
    ),
    whole('buildah-whole-warm', 'buildah, whole Containerfile, warm storage', peers.warm, () =>
      Promise.resolve(),
    ),
    varve('varve-rebuild', 'varve build, a file of a repository changed', true),
    varve('varve-reuse', 'varve build, another file changed', false),
  ];
}

/** A source of packages that differs with each number: what a build of packages depends on. */
function repositoryConfig(number: number): object {
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: '90-repository', labels: { 'machineconfiguration.openshift.io/role': SITE_POOL } },
    spec: {
      config: {
        ignition: { version: '3.2.0' },
        storage: {
          files: [
            {
              path: '/etc/apt/sources.list.d/site.list',
              mode: 0o644,
              contents: { source: `data:,${encodeURIComponent(`# change ${number}\n`)}` },
            },
          ],
        },
      },
    },
  };
}
