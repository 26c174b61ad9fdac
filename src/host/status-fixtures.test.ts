import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { bootcStatus, readBootcStatus } from './bootc-status.ts';
import { HostError } from './host-error.ts';
import { allDeployments, type Deployment, type HostStatus, isImage, nextBoot } from './host-status.ts';
import { readOstreeStatus } from './ostree-status.ts';
import { readRpmOstreeStatus } from './rpm-ostree-status.ts';
import { StatusDocument } from './status-document.ts';

const FIXTURES = new URL('../../../shared/fixtures/', import.meta.url);

/** The names of a folder of fixtures; none, with the test skipped, where they are absent. */
function names(t: TestContext, folder: string): readonly string[] {
  const url = new URL(`${folder}/`, FIXTURES);
  if (existsSync(url)) return readdirSync(url);
  assert.ok(process.env['CI'] === undefined, 'CI must have the shared fixtures');
  t.skip('the shared fixtures are absent');
  return [];
}

function textOf(path: string): string {
  return readFileSync(new URL(path, FIXTURES), 'utf8');
}

/** As the tool reads its own YAML: versions that look like numbers are text, and one tag is an enum's variant. */
function fromYaml(text: string): unknown {
  return parse(text, {
    customTags: (tags) => [
      ...tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:float'),
      { tag: '!ostreeRemote', resolve: (remote: string) => ({ ostreeRemote: remote }) },
    ],
  });
}

function read(path: string): HostStatus {
  const text = textOf(path);
  if (path.endsWith('.yaml')) return bootcStatus(StatusDocument.of('bootc', fromYaml(text)));
  if (path.includes('/rpm-ostree') || path.startsWith('rpm-ostree')) return readRpmOstreeStatus(text);
  return path.includes('ostree-admin') ? readOstreeStatus(text) : readBootcStatus(text);
}

/** A deployment in few words: the first digits of its digest, or of its checksum, and what is remarkable. */
function brief(deployment: Deployment | undefined): string {
  if (deployment === undefined) return '-';
  const { image, checksum = '', pinned, locked, incompatible, softRebootCapable, composefs } = deployment;
  const remarks = [
    pinned && 'pinned',
    locked && 'locked',
    incompatible && 'incompatible',
    softRebootCapable === true && 'soft',
    composefs && 'composefs',
    deployment.cachedUpdate !== undefined && `update ${deployment.cachedUpdate.digest?.slice(7, 11)}`,
    deployment.origin !== undefined && deployment.origin.replace(/@.*/, ''),
  ];
  const name = image?.digest === undefined ? `(${checksum.slice(0, 4)})` : image.digest.slice(7, 11);
  return [name, ...remarks.filter((remark) => remark !== false)].join(' ');
}

function roles(status: HostStatus): string {
  const { staged, pending, booted, rollback, others, transaction } = status;
  const parts = [`staged ${brief(staged)}`, `booted ${brief(booted)}`, `rollback ${brief(rollback)}`];
  if (pending !== undefined) parts.push(`pending ${brief(pending)}`);
  for (const other of others) parts.push(`other ${brief(other)}`);
  if (transaction !== undefined) parts.push(`transaction ${transaction}`);
  return parts.join(', ');
}

const EXPECTED: Readonly<Record<string, string>> = {
  'bootc/spec-booted-pinned.yaml': 'staged -, booted 47e5 pinned, rollback -, other 47e5 pinned',
  'bootc/spec-booted-update-same-digest.yaml': 'staged -, booted 47e5 update 47e5, rollback -',
  'bootc/spec-booted-usroverlay.yaml': 'staged -, booted 736b, rollback -',
  'bootc/spec-booted-with-update-no-version.yaml': 'staged -, booted 47e5 update b1b1, rollback -',
  'bootc/spec-booted-with-update.yaml': 'staged -, booted 47e5 update a0a0, rollback -',
  'bootc/spec-only-booted.yaml': 'staged -, booted 47e5, rollback -',
  'bootc/spec-ostree-remote.yaml': 'staged -, booted b5bb, rollback -',
  'bootc/spec-ostree-to-bootc.yaml': 'staged 47e5, booted (f9fa), rollback -',
  'bootc/spec-rfe-ostree-deployment.yaml': 'staged (1c24) incompatible, booted (f9fa), rollback -',
  'bootc/spec-staged-booted.yaml': 'staged 16dc, booted 736b, rollback -',
  'bootc/spec-staged-download-only.yaml': 'staged 16dc locked, booted 736b, rollback -',
  'bootc/spec-staged-rollback.yaml': 'staged 16dc, booted -, rollback 736b',
  'bootc/spec-v1-null.json': 'staged -, booted -, rollback -',
  'bootc/spec-v1a1-orig.yaml': 'staged 16dc, booted 736b, rollback -',
  'bootc/spec-v1a1.yaml': 'staged -, booted b5bb, rollback -',
  'bootc/spec-via-local-oci.yaml': 'staged -, booted 47e5, rollback -',
  'synthetic/bootc-after-reboot.json': 'staged -, booted bbbb, rollback aaaa',
  'synthetic/bootc-cached-update.json': 'staged -, booted aaaa update bbbb, rollback -',
  'synthetic/bootc-composefs.json': 'staged -, booted cccc composefs, rollback -',
  'synthetic/bootc-finalize-failed-back-on-old.json': 'staged -, booted aaaa, rollback -',
  'synthetic/bootc-idle-booted-only.json': 'staged -, booted aaaa, rollback -',
  'synthetic/bootc-in-container-or-not-booted.json': 'staged -, booted -, rollback -',
  'synthetic/bootc-incompatible-layered.json': 'staged -, booted (1111) incompatible, rollback -',
  'synthetic/bootc-incompatible-staged-over-clean-booted.json':
    'staged (3333) incompatible, booted aaaa, rollback -',
  'synthetic/bootc-index-digest-pin.json': 'staged -, booted aaaa, rollback -',
  'synthetic/bootc-pinned-and-foreign-stateroot.json':
    'staged -, booted aaaa pinned, rollback bbbb, other 9999 pinned',
  'synthetic/bootc-plain-ostree-refspec.json': 'staged -, booted (1111), rollback -',
  'synthetic/bootc-rollback-queued.json': 'staged -, booted bbbb, rollback -, pending aaaa',
  'synthetic/bootc-signature-container-policy.json': 'staged -, booted aaaa, rollback -',
  'synthetic/bootc-signature-ostree-remote.json': 'staged -, booted aaaa, rollback -',
  'synthetic/bootc-staged-download-only.json': 'staged bbbb locked, booted aaaa, rollback -',
  'synthetic/bootc-staged-soft-rebootable.json': 'staged bbbb soft, booted aaaa, rollback -',
  'synthetic/bootc-staged.json': 'staged bbbb, booted aaaa, rollback 9999',
  'synthetic/bootc-usr-overlay.json': 'staged -, booted aaaa, rollback -',
  'synthetic/ostree-admin-status.json': 'staged (2222), booted (1111), rollback -',
  'synthetic/rpm-ostree-busy.json': 'staged -, booted aaaa, rollback -, transaction Rebase',
  'synthetic/rpm-ostree-idle.json': 'staged -, booted aaaa, rollback -',
  'synthetic/rpm-ostree-layered-rt-kernel.json': 'staged -, booted aaaa incompatible, rollback -',
  'synthetic/rpm-ostree-legacy-pivot-origin.json':
    'staged -, booted (1111) pivot://registry.example.net/os/worker, rollback -',
  'synthetic/rpm-ostree-staged-locked.json': 'staged bbbb locked, booted aaaa, rollback -',
  'synthetic/rpm-ostree-staged.json': 'staged bbbb, booted aaaa, rollback -',
  'rpm-ostree/workstation-status.json':
    'staged -, booted (6333) incompatible fedora/33/x86_64/silverblue, rollback (775d) incompatible fedora/33/x86_64/silverblue',
};

test('every status fixture is read as what its name says', (t) => {
  const folders = ['bootc', 'bootc-mar2025', 'rpm-ostree', 'synthetic'];
  const paths = folders
    .flatMap((folder) => names(t, folder).map((name) => `${folder}/${name}`))
    .filter((path) => !/schema\.json$|\.jsonl$/.test(path));
  for (const path of paths) {
    // The older field set lacks what the newer one has, and says the same.
    assert.equal(roles(read(path)), EXPECTED[path.replace('-mar2025', '')], path);
  }
});

test('a reference pinned to an index is the image of the index and of the manifest', (t) => {
  if (names(t, 'synthetic').length === 0) return;
  const { booted } = read('synthetic/bootc-index-digest-pin.json');
  assert.ok(isImage(booted, `sha256:${'f'.repeat(64)}`));
  assert.ok(isImage(booted, `sha256:${'a'.repeat(64)}`));
  assert.ok(!isImage(booted, `sha256:${'b'.repeat(64)}`));
  assert.ok(!isImage(undefined, `sha256:${'b'.repeat(64)}`));
});

test('nextBoot() is what a clean reboot starts: the staged one only when it is not locked', (t) => {
  if (names(t, 'synthetic').length === 0) return;
  const next = (name: string): string => brief(nextBoot(read(`synthetic/${name}.json`))).slice(0, 6);
  assert.deepEqual(
    {
      staged: next('rpm-ostree-staged'),
      locked: next('rpm-ostree-staged-locked'),
      downloadOnly: next('bootc-staged-download-only'),
      queued: next('bootc-rollback-queued'),
      idle: next('bootc-idle-booted-only'),
      container: next('bootc-in-container-or-not-booted'),
    },
    { staged: 'bbbb', locked: 'aaaa', downloadOnly: 'aaaa', queued: 'aaaa', idle: 'aaaa', container: '-' },
  );
});

test('what was changed on a host is told by name where the tool tells it', (t) => {
  if (names(t, 'synthetic').length === 0) return;
  assert.deepEqual(read('synthetic/rpm-ostree-layered-rt-kernel.json').booted?.local, {
    installed: ['kernel-rt-core', 'usbguard'],
    removed: ['kernel', 'kernel-core'],
    replaced: [],
    initramfs: false,
  });
  assert.equal(read('synthetic/bootc-incompatible-layered.json').booted?.local, undefined);
  const unlocked = (path: string): string | undefined => read(path).booted?.unlocked;
  assert.equal(unlocked('synthetic/bootc-usr-overlay.json'), 'development');
  assert.equal(unlocked('synthetic/bootc-idle-booted-only.json'), 'none');
  assert.equal(unlocked('bootc/spec-only-booted.yaml'), undefined, 'older releases do not tell');
  assert.equal(unlocked('synthetic/rpm-ostree-idle.json'), 'none');
});

test('signatures and transports of references are read in all their spellings', (t) => {
  if (names(t, 'synthetic').length === 0) return;
  const reference = (path: string): unknown => read(path).booted?.image?.reference;
  const name = `registry.example.net/os/worker@sha256:${'a'.repeat(64)}`;
  assert.deepEqual(reference('synthetic/bootc-signature-container-policy.json'), {
    transport: 'registry',
    name,
    signature: { kind: 'container-policy' },
  });
  assert.deepEqual(reference('synthetic/bootc-signature-ostree-remote.json'), {
    transport: 'registry',
    name,
    signature: { kind: 'ostree-remote', remote: 'corp' },
  });
  assert.deepEqual(reference('bootc/spec-via-local-oci.yaml'), {
    transport: 'oci',
    name: '/var/mnt/osupdate',
    signature: { kind: 'unverified' },
  });
  assert.deepEqual(reference('synthetic/rpm-ostree-idle.json'), {
    transport: 'registry',
    name,
    signature: { kind: 'unverified' },
  });
});

/** Reads; anything but a status or a HostError that names the field is a failure of the reader. */
function survives(reader: (text: string) => HostStatus, text: string): HostStatus | undefined {
  try {
    const status = reader(text);
    assert.ok(Array.isArray(allDeployments(status)));
    return status;
  } catch (error) {
    assert.ok(error instanceof HostError, String(error));
    assert.equal(error.code, 'unreadable');
    assert.ok(
      error.field !== undefined && error.value !== undefined && error.message.length < 400,
      error.message,
    );
    return undefined;
  }
}

test('a reader refuses cut-off and damaged output with an error of its own, and ignores unknown members', (t) => {
  const jsons = names(t, 'synthetic').filter((name) => name.endsWith('.json'));
  if (jsons.length === 0) return;
  const cases = jsons.map((name) => {
    const text = textOf(`synthetic/${name}`);
    if (name.startsWith('rpm-ostree')) return { text, reader: readRpmOstreeStatus };
    return { text, reader: name.startsWith('ostree') ? readOstreeStatus : readBootcStatus };
  });
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.nat(), fc.string(), ({ text, reader }, place, noise) => {
      const at = place % text.length;
      assert.equal(survives(reader, text.slice(0, at).trimEnd().replace(/\}$/, '')), undefined);
      survives(reader, text.slice(0, at) + noise + text.slice(at + noise.length));
    }),
  );
  const value = fc.jsonValue();
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.nat(), value, ({ text, reader }, place, replacement) => {
      survives(reader, JSON.stringify(replacedAt(JSON.parse(text), place, replacement)));
    }),
    { numRuns: 1000 },
  );
  for (const { text, reader } of cases) {
    assert.deepEqual(reader(JSON.stringify(withUnknown(JSON.parse(text)))), reader(text));
  }
});

test('a reader survives any JSON at all', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.constantFrom(readBootcStatus, readOstreeStatus, readRpmOstreeStatus),
      (text, reader) => {
        survives(reader, text);
      },
    ),
  );
});

/** The document with the n-th value replaced. */
function replacedAt(document: unknown, place: number, replacement: unknown): unknown {
  let count = 0;
  const total = (value: unknown): number =>
    1 +
    (typeof value === 'object' && value !== null
      ? Object.values(value).reduce((sum: number, one) => sum + total(one), 0)
      : 0);
  const wanted = place % total(document);
  const visit = (value: unknown): unknown => {
    if (count++ === wanted) return replacement;
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, visit(member)]));
  };
  return visit(document);
}

/** The document with a member in every object that no release has. */
function withUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknown);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, withUnknown(member)]);
  return { ...Object.fromEntries(members), fromTheFuture: { list: [1, null] } };
}
