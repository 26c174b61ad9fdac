import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { classifyOutput, failureOf, failureOfError } from './classify-failure.ts';
import { failurePolicy } from './failure-policy.ts';
import { HostError } from './host-error.ts';
import type { FailureClass } from './host-failure.ts';

/** What tools print on standard error, by the class it must get: host-contract §9.1 row by row, and the chains of §1.1, §2.1. */
const SAID: Readonly<Record<string, readonly string[]>> = {
  busy: [
    'error: Transaction in progress: rebase --experimental x\n You can cancel the current transaction with `rpm-ostree cancel`',
    'error: System transaction in progress',
    'error: Remounting /sysroot read-write: Device or resource busy',
    'error: Reboot initiated, cannot start new transaction',
  ],
  'not-image-host': [
    'error: Not currently booted into an OSTree system',
    'error: System not booted via bootc.',
    'ERROR Detected container; this command requires a booted host system.',
    'error: This command must be executed as the root user',
    'error: This command requires full root privileges (CAP_SYS_ADMIN)',
    'error: /sysroot is on a read-only block device',
    'nsenter: cannot open /proc/1/ns/mnt: Permission denied',
    "chroot: cannot change root directory to '/host': Operation not permitted",
  ],
  auth: [
    'error: Switching: Switching (ostree): Pulling: Creating importer: failed to invoke method OpenImage: reading manifest v1 in r.example/os: unauthorized: access to the requested resource is not authorized',
    'error: failed to invoke method OpenImage: authentication required',
    'error: denied: requested access to the resource is denied',
    'error: unable to retrieve auth token: invalid username/password',
    'error: fetching blob: 403 (Forbidden)',
  ],
  'not-found': [
    'error: failed to invoke method OpenImage: reading manifest v9 in r.example/os: manifest unknown',
    'error: reading manifest v9 in r.example/os: name unknown: no such repository',
    'error: repository os/worker not found',
    'error: reading manifest sha256:4290000000000000000000000000000000000000000000000000000000000503 in r.example/os: not found',
  ],
  'rate-limit': [
    'error: toomanyrequests: You have reached your pull rate limit',
    'error: received unexpected HTTP status: 429 Too Many Requests',
  ],
  'registry-5xx': [
    'error: received unexpected HTTP status: 500 Internal Server Error',
    'error: 502 Bad Gateway',
    'error: unexpected status 503 Service Unavailable',
    'error: gateway said 504',
  ],
  network: [
    'error: dial tcp: lookup r.example: no such host',
    'error: dial tcp 10.0.0.1:443: i/o timeout',
    'error: dial tcp 10.0.0.1:443: connect: connection refused',
    'error: read tcp: connection reset by peer',
    'error: net/http: TLS handshake timeout',
    'error: copying blob: unexpected EOF',
    'error: context deadline exceeded',
    'error: connect: network is unreachable',
  ],
  tls: [
    'error: x509: certificate has expired or is not yet valid',
    'error: tls: certificate signed by unknown authority',
    'error: http: server gave HTTP response to HTTPS client',
  ],
  policy: [
    'error: Running image docker://r.example/os is rejected by policy.',
    'error: Source image rejected: A signature was required, but no signature exists',
    'error: cryptographic signature verification failed: invalid signature',
    'error: containers-policy.json specifies a default of `insecureAcceptAnything`; refusing usage',
    'error: invalid policy in "/etc/containers/policy.json": Unknown key "x"',
  ],
  integrity: [
    'error: Digest did not match, expected sha256:0, got sha256:1',
    'error: blob digest mismatch',
    'error: corrupted blob, expecting sha256:0',
    'error: checksum of layer does not match expected',
    "error: Corrupted file object 'abc'",
    'error: gzip: invalid header',
  ],
  'bad-image': [
    'error: Image has architecture arm64; expected amd64',
    'error: Target image does not have ostree.bootable label',
    'error: Missing ostree.final-diffid label',
    'error: No ostree.final-diffid label found, not an ostree encapsulated container',
    'error: Truncated history',
    'error: Unhandled layer type application/x',
    'error: Unsupported file type for path "dev/null"',
    'error: Failed to find kernel in /usr/lib/modules',
    'error: Preparing /etc: Tree contains both /etc and /usr/etc',
    'error: ostree-tar: Processing deferred hardlink usr/lib/a: Failed to find object: No such file or directory: a',
    "error: Can't replace directory with file",
    'error: Parsing 10-varve.toml: unknown field `karg`',
    'error: invalid reference format',
    'error: no image found in image index for architecture arm64',
    'error: choosing image: no image found in manifest list for architecture s390x',
  ],
  disk: [
    'error: Insufficient free space for r.example/os (available: 1 GB required: 2 GB)',
    "error: min-free-space-percent '3%' would be exceeded, at least 4 MB requested",
    'error: min-free-space-size 10MB would be exceeded',
    'error: writing object: No space left on device',
  ],
  layered: [
    'error: Deployment contains local rpm-ostree modifications; cannot upgrade via bootc. You can run `rpm-ostree reset`',
    'error: This command requires a booted image based on container',
    'error: Could not depsolve transaction; 1 problem detected',
  ],
  'nothing-to-do': ['error: Old and new refs are equal: ostree-unverified-registry:r.example/os'],
  'no-rollback': ['error: No rollback available', 'error: Rollback is not container image based'],
  daemon: [
    'error: Loading sysroot: Failed to invoke RegisterClient: GDBus.Error:org.freedesktop.DBus.Error.NameHasNoOwner',
    "error: Failed to activate service 'org.projectatomic.rpmostree1'",
    'error: Could not activate remote peer: startup job failed',
  ],
  'broken-store': [
    'error: Missing base image ref ostree/container/blob/sha256_3A_429',
    'error: No such metadata object abc.commit',
    "error: Couldn't find file object 'abc'",
  ],
  proxy: [
    'error: failed to invoke method OpenImage: something new',
    'error: Failed to invoke skopeo proxy method GetBlob: remote error',
    'error: proxy request returned error: other',
    'error: skopeo spawn error: No such file or directory',
    'error: retryable error',
  ],
  'other-driver': [
    'error: Updates and deployments are driven by Zincati (zincati.service)\nUse --bypass-driver to bypass Zincati',
  ],
  'etc-conflict': [
    "error: During /etc merge: Modified config file newly defaults to directory 'chrony.conf', cannot merge",
  ],
  'no-soft-reboot': [
    'error: Soft reboot was required but staged deployment is not soft-reboot capable',
    'error: Cannot soft-reboot to deployment with different kernel state',
    'error: Cannot prepare for soft-reboot currently booted deployment 0',
  ],
  'nothing-staged': ['error: No staged deployment'],
  'kernel-arguments': [
    "error: No key 'quiet' found",
    "error: No karg 'a=b' found",
    "error: Multiple values for key 'console' found",
  ],
  usage: [
    "error: unexpected argument '--download-only' found",
    'error: Unknown option --lock-finalization',
    "error: unrecognized subcommand 'loader-entries'",
    "error: Unknown admin command 'lock-finalization'",
  ],
  unknown: ['error: something that no one has seen', '', 'error: opening /x: Permission denied: y'],
};

test('classifyOutput() gives each saying of the contract its class, in any case and with any prefix', () => {
  for (const [expected, sayings] of Object.entries(SAID)) {
    for (const stderr of sayings) {
      assert.equal(classifyOutput({ status: 1, stdout: '', stderr }), expected, stderr);
      // What enters a host's namespaces fails before any tool's chain begins.
      const chain = /^(nsenter|chroot): /.test(stderr) ? '' : 'ERROR Staging: ';
      const shouted = `${chain}${stderr.toUpperCase()}\n`;
      assert.equal(classifyOutput({ status: 1, stdout: 'Pulling…', stderr: shouted }), expected, shouted);
    }
  }
});

test('classifyOutput() sees no HTTP status in digests, sizes and ports', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[0-9a-f]{64}$/),
      fc.integer({ min: 10_000, max: 60_000 }),
      (hex, number) => {
        const stderr = `error: Staging image r.example:${number}/os@sha256:${hex} to deployment ${hex}.0: odd (${number} bytes)`;
        assert.equal(classifyOutput({ status: 1, stdout: '', stderr }), 'unknown');
      },
    ),
  );
  const disk = 'error: writing 503504429 bytes of sha256:503: No space left on device';
  assert.equal(classifyOutput({ status: 1, stdout: '', stderr: disk }), 'disk');
});

test('classifyOutput() knows exit statuses and what stands on standard output', () => {
  const cases: readonly (readonly [number, string, string, FailureClass])[] = [
    [77, '', '', 'nothing-to-do'],
    [2, '', 'Usage: bootc', 'usage'],
    [1, 'Image specification is unchanged.\n', '', 'nothing-to-do'],
    [0, 'No changes in docker://r/os => sha256:0\n', '', 'nothing-to-do'],
    [1, 'Waiting for sysroot lock...', '', 'busy'],
    [1, 'Waiting for sysroot lock...done', 'error: x509: bad', 'tls'],
    [1, 'Waiting for sysroot lock...done', 'error: odd', 'unknown'],
    [1, '', 'Waiting for sysroot lock...', 'busy'],
    [1, '', 'Waiting for sysroot lock...\nerror: No space left on device', 'disk'],
  ];
  for (const [status, stdout, stderr, expected] of cases) {
    assert.equal(classifyOutput({ status, stdout, stderr }), expected, `${status} ${stdout} ${stderr}`);
  }
});

const SWITCH = { tool: 'bootc', args: ['switch', 'r.example/os@sha256:0'], deadline: 1000 };

test('failureOf() says what was done, what the tool says and which registry, and no secret', () => {
  const stderr =
    'note: pulling\nerror: Pulling: initializing source docker://r.example:5000/os: Get "https://user:hunter2@r.example/token?account=x&secret=y": x509: certificate signed by unknown authority\n';
  const failure = failureOf(SWITCH, { status: 1, signal: undefined, stdout: '', stderr });
  assert.equal(failure.class, 'tls');
  assert.equal(failure.registry, 'r.example:5000');
  assert.equal(
    failure.message,
    'bootc switch r.example/os@sha256:0 failed (exit status 1): Pulling: initializing source docker://r.example:5000/os: Get "https://r.example/token": x509: certificate signed by unknown authority',
  );
  assert.doesNotMatch(failure.excerpt, /hunter2|secret=y/);
  assert.deepEqual([failure.policy.retryable, failure.policy.attempts], [true, 0]);
});

test('failureOf() keeps the last 2 KiB, and tells a killed command from a failed one', () => {
  const long = failureOf(SWITCH, {
    status: 1,
    signal: undefined,
    stdout: '',
    stderr: `${'x'.repeat(5000)}\nerror: end`,
  });
  assert.equal(long.excerpt.length, 2048);
  assert.ok(long.excerpt.endsWith('error: end'));
  const killed = failureOf(SWITCH, { status: 137, signal: 'SIGKILL', stdout: '', stderr: '' });
  assert.deepEqual([killed.class, killed.policy.retryable], ['killed', true]);
});

test('failureOfError() calls a command that waited for the lock until its deadline busy', () => {
  const late = (stdout: string): HostError =>
    new HostError('timed-out', 'cannot run bootc: late', { tool: 'bootc', output: { stdout, stderr: '' } });
  assert.equal(failureOfError(SWITCH, late('Waiting for sysroot lock...')).class, 'busy');
  assert.equal(failureOfError(SWITCH, late('')).class, 'timed-out');
  const missing = new HostError('no-such-tool', 'cannot run bootc: there is no such program', {
    tool: 'bootc',
  });
  assert.deepEqual(failureOfError(SWITCH, missing).policy.retryable, false);
});

test('each class of the contract has the reaction that the contract gives it', () => {
  const unlimited = (...classes: FailureClass[]): boolean =>
    classes.every((one) => failurePolicy(one).retryable && failurePolicy(one).attempts === undefined);
  const terminal = (...classes: FailureClass[]): boolean =>
    classes.every((one) => !failurePolicy(one).retryable);
  const retried = (count: number, ...classes: FailureClass[]): boolean =>
    classes.every((one) => failurePolicy(one).retryable && failurePolicy(one).attempts === count);
  assert.ok(unlimited('busy', 'rate-limit', 'registry-5xx', 'network'));
  assert.ok(terminal('not-image-host', 'policy', 'bad-image', 'layered', 'no-rollback', 'etc-conflict'));
  assert.ok(retried(1, 'auth', 'disk'));
  assert.ok(retried(2, 'integrity'));
  assert.ok(retried(3, 'unknown', 'not-found'));
  assert.ok(retried(10, 'daemon'));
  assert.ok(retried(0, 'tls'), 'a person is told at once, and a clock may yet be set');
  assert.equal(failurePolicy('busy').patience, 1800, 'somebody else may take long');
  assert.deepEqual(failurePolicy('rate-limit').wait, [60, 900]);
  const remedies = ['auth', 'disk', 'daemon', 'bad-image', 'broken-store'] as const;
  assert.deepEqual(
    remedies.map((one) => failurePolicy(one).remedy),
    ['refresh-credentials', 'clean-up', 'restart-daemon', 'give-up-digest', 'repair-store'],
  );
});
