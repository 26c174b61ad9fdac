import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import { BuildahPeer } from '../lab/buildah.ts';
import { containerPool } from '../lab/container-pool.ts';
import { fileContents, flatten } from '../lab/image-tree.ts';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { peerMachineConfig } from '../lab/peer-input.ts';
import {
  type ComparedTrees,
  type IntendedDifference,
  REFERENCE_DIFFERENCES,
  TMPFILES_FILE,
} from '../lab/reference-differences.ts';
import { skipWithout } from '../lab/requirements.ts';
import { imageFromRegistry } from '../lab/stored-image.ts';
import { describeDifference, treeDifferences } from '../lab/tree-difference.ts';
import { unmountBelow } from '../lab/unmount.ts';
import { buildImage, CHECKOUT } from '../lab/varve.ts';

const skip = skipWithout('buildah', 'docker-registry', 'mmdebstrap', 'skopeo');

const AUTOMOUNT = join(CHECKOUT, 'examples/automount');

/** What package managers fetch again, or write about themselves; and what a machine empties at every boot. */
const LEFT =
  /^(?:run|tmp|var\/tmp|var\/log|var\/lib\/apt\/lists|var\/cache\/(?:apt|ldconfig))\/|^var\/(?:cache\/debconf|lib\/dpkg)\/[^/]*-old$/;

/** In what else than its configuration a tree may differ, and why. */
const BUILD_DIFFERENCES: readonly IntendedDifference[] = [
  {
    // They are of the build and not of what it makes, differ with each run, and make every layer larger.
    name: 'caches, logs and temporary files of the build stay out of the image',
    covers: ({ kind, path, left }) =>
      (kind === 'only-left' && LEFT.test(path) && (left?.type !== 'directory' || !path.startsWith('var/'))) ||
      // apt gives them to its own user.
      (kind === 'differs' && /^var\/(?:cache\/apt\/archives|lib\/apt\/lists)\/partial$/.test(path)),
  },
  {
    // A machine gets from an image neither (host-contract §3.6).
    name: 'folders below /var and accounts that packages of extensions make are declared to systemd',
    covers: ({ kind, path }) =>
      kind === 'only-right' && /^usr\/lib\/(?:tmpfiles|sysusers)\.d\/varve-extensions\.conf$/.test(path),
  },
];

/** A pool whose image Varve and the reference's whole Containerfile make. */
interface Scenario {
  readonly pool: string;
  /** With the pool and its MachineConfigs. */
  readonly folder: string;
  /** With its MachineOSConfig, if it has one, or with the pool. */
  readonly osConfig: string;
  /** That of the MachineOSConfig, for the peer; or what its extensions come to. */
  readonly containerfile: string;
}

suite(
  'the tree of a container build and that of the whole Containerfile, by the reference’s way',
  { skip },
  () => {
    let lab: Laboratory;
    let peer: BuildahPeer;

    before(async () => {
      lab = await openLaboratory('packages');
      peer = await BuildahPeer.open(lab.folder);
    });
    after(async () => {
      await peer.close();
      // buildah's store is a mount of its own.
      await unmountBelow(lab.folder);
      await lab.close();
    });

    async function compare(name: string, scenario: Scenario): Promise<ComparedTrees> {
      const { pool, folder, osConfig, containerfile } = scenario;
      const push = `${lab.registry.host}/reference/${name}:1`;
      const machineConfig = await peerMachineConfig(folder, pool);
      await peer.buildAndPush({ base: lab.base, push, pool, name, machineConfig, containerfile });
      const own = `${lab.registry.host}/varve/${name}`;
      const env = { HOME: lab.folder, XDG_CACHE_HOME: join(lab.folder, 'cache') };
      const build = { pool, files: [folder, osConfig], base: lab.base, push: `${own}:1` };
      const image = await imageFromRegistry(`${own}@${await buildImage(build, { env })}`);
      const texts = await fileContents(image, image.manifest.layers.length - 1);
      const trees: ComparedTrees = {
        peer: await flatten(await imageFromRegistry(push)),
        varve: await flatten(image),
        tmpfiles: texts.get(TMPFILES_FILE)?.toString() ?? '',
      };
      const unexpected = treeDifferences(trees.peer, trees.varve).flatMap((difference) => {
        const names = [...REFERENCE_DIFFERENCES, ...BUILD_DIFFERENCES].filter((one) =>
          one.covers(difference, trees),
        );
        if (names.length === 1) return [];
        return [`${describeDifference(difference)} ${names.map((one) => one.name).join(' | ')}`];
      });
      assert.deepEqual(unexpected, []);
      return trees;
    }

    test('are the same but for the intended differences: examples/automount/debian', async () => {
      const osConfig = join(AUTOMOUNT, 'debian');
      const { varve } = await compare('automount', {
        pool: 'worker-test',
        folder: AUTOMOUNT,
        osConfig,
        containerfile: await containerfileOf(join(osConfig, 'machineosconfig.yaml')),
      });
      assert.ok(varve.has('usr/sbin/automount'), 'autofs is installed');
      assert.ok(varve.has('etc/auto.master.d/projects.autofs'), 'with its maps');
      assert.equal(
        varve.get('etc/systemd/system/multi-user.target.wants/autofs.service')?.linkTarget,
        '/lib/systemd/system/autofs.service',
        'and enabled',
      );
    });

    test('are the same but for the intended differences: examples/usbguard', async () => {
      const { varve } = await compare('usbguard', {
        pool: 'layered',
        folder: join(CHECKOUT, 'examples/usbguard'),
        osConfig: join(CHECKOUT, 'examples/pool-layered.yaml'),
        containerfile: `FROM configs AS final
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends usbguard
`,
      });
      assert.ok(varve.has('usr/sbin/usbguard'), 'its package is installed');
    });

    test('are the same but for the intended differences: stages, a compiler, a unit and a file of the configuration', async () => {
      const folder = join(lab.folder, 'site');
      const osConfig = join(lab.folder, 'site-os-config.json');
      await writeSite(folder, osConfig);
      const containerfile = SITE.replace(SOURCE, `RUN echo '${PROGRAM}' > /tmp/greet.c`);
      const { varve, peer: whole } = await compare('site', {
        pool: 'worker',
        folder,
        osConfig,
        containerfile,
      });
      for (const tree of [varve, whole]) {
        assert.equal(tree.get('usr/share/site/said')?.sha256, sha256('compiled\n'));
        assert.equal(tree.get('usr/share/site/seen')?.sha256, sha256('greeting=hello'));
        assert.equal(tree.get('usr/bin/greet')?.mode, 0o755);
        assert.ok(!tree.has('usr/bin/tcc'), 'the compiler stays in its stage');
      }
    });
  },
);

const PROGRAM = 'extern int puts(const char *); int main(void) { puts("compiled"); return 0; }';
const SOURCE = `COPY <<TEXT /tmp/greet.c\n${PROGRAM}\nTEXT`;

const SITE = `FROM configs AS compiler
RUN <<EOF
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends tcc libc6-dev
EOF
${SOURCE}
RUN tcc -o /tmp/greet /tmp/greet.c
FROM configs AS final
ARG PLACE=/usr/share/site
ENV SEEN=$PLACE/seen
COPY --from=compiler /tmp/greet /usr/bin/greet
RUN mkdir $PLACE && greet > $PLACE/said && cp /etc/site.conf $SEEN
RUN systemctl enable site.service && ostree container commit
`;

/** A pool and its configuration, and the MachineOSConfig with {@link SITE}. */
async function writeSite(folder: string, osConfig: string): Promise<void> {
  const unit = '[Service]\nExecStart=/usr/bin/greet\n[Install]\nWantedBy=multi-user.target\n';
  const [pool, config, written] = containerPool({
    files: { '/etc/site.conf': 'greeting=hello', '/etc/unseen.conf': 'unseen' },
    units: [{ name: 'site.service', contents: unit }],
    containerfile: SITE,
  });
  await mkdir(folder);
  await writeFile(join(folder, 'pool.yaml'), JSON.stringify(pool));
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config));
  await writeFile(osConfig, JSON.stringify(written));
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

async function containerfileOf(file: string): Promise<string> {
  const { spec } = parse(await readFile(file, 'utf8')) as {
    readonly spec: { readonly containerFile: readonly [{ readonly content: string }] };
  };
  return spec.containerFile[0].content;
}
