import type { CommandOutcome, HostCommand } from './host-command.ts';
import type { HostError } from './host-error.ts';
import { failurePolicy } from './failure-policy.ts';
import type { FailureClass, HostFailure } from './host-failure.ts';
import { ImageSourceError } from './image-source.ts';

const EXCERPT = 2048;
const UNCHANGED = 77;
const USAGE = 2;

/**
 * What the tools say, class by class; the first that matches anywhere in the chain wins, whatever its prefix
 * (host-contract §9.1). Numbers are matched as words only: a digest, a size or a port may hold any three digits.
 */
const SAYINGS: readonly (readonly [FailureClass, RegExp])[] = [
  // The last one: somebody has frozen the file system for a moment, as for a snapshot of the disk.
  [
    'busy',
    /transaction in progress|reboot initiated, cannot start|remounting \S+ read-write: device or resource busy/,
  ],
  [
    'not-image-host',
    /not currently booted into an ostree system|not booted via (bootc|an ostree)|detected container; this command|must be executed as the root user|requires full root privileges|\/sysroot is on a read-only block device|^(nsenter|chroot): /m,
  ],
  ['other-driver', /updates and deployments are driven by/],
  ['etc-conflict', /modified config file newly defaults to directory/],
  [
    'auth',
    /unauthorized|authentication required|(?<!permission )denied: |requested access to the resource is denied|invalid username\/password|403 \(forbidden\)/,
  ],
  ['not-found', /manifest unknown|name unknown|repository .*not found|reading manifest .*not found/],
  ['rate-limit', /toomanyrequests|\b429\b/],
  ['registry-5xx', /received unexpected http status: 5|\b502 bad gateway|\b503\b|\b504\b/],
  [
    'network',
    /no such host|i\/o timeout|connection refused|connection reset|tls handshake timeout|unexpected eof|context deadline exceeded|network is unreachable/,
  ],
  ['tls', /x509:|certificate signed by unknown authority|server gave http response to https client/],
  [
    'policy',
    /rejected by policy|a signature was required|cryptographic signature verification failed|insecureacceptanything|invalid policy in/,
  ],
  [
    'integrity',
    /digest did not match|digest mismatch|corrupted blob, expecting|does not match expected|corrupted file object|gzip: invalid/,
  ],
  [
    'bad-image',
    /image has architecture|does not have ostree\.bootable label|missing ostree\.final-diffid|not an ostree encapsulated container|truncated history|unhandled layer type|unsupported file type for path|failed to find kernel|tree contains both \/etc and \/usr\/etc|processing deferred hardlink|can't replace directory with file|parsing [^ ]*\.toml|invalid reference format|no image found in (image index|manifest list) for architecture/,
  ],
  ['disk', /insufficient free space|min-free-space-(percent|size)|no space left on device|would be exceeded/],
  ['layered', /local rpm-ostree modifications|requires a booted image based on container|could not depsolve/],
  ['nothing-to-do', /old and new refs are equal/],
  ['no-rollback', /no rollback available|rollback is not container image based/],
  [
    'daemon',
    /registerclient|failed to activate service|org\.freedesktop\.dbus\.error|could not activate remote peer/,
  ],
  ['broken-store', /missing base image ref|no such metadata object|couldn't find file object/],
  ['no-soft-reboot', /soft reboot was required but|cannot (prepare for )?soft-reboot/],
  ['nothing-staged', /no staged deployment/],
  ['kernel-arguments', /no key '.*' found|no karg '.*' found|no karg found|multiple values for key/],
  [
    'usage',
    /unknown option|unexpected argument|unrecognized subcommand|unknown .*command|invalid value '.*' for/,
  ],
  [
    'proxy',
    /failed to invoke method openimage|failed to invoke skopeo proxy method|proxy request returned error|skopeo spawn error|retryable error/,
  ],
];

/** What a tool prints for people where it did nothing: on standard output, with exit status 0 or 1. */
const NOTHING_TO_DO =
  /image specification is unchanged|no changes in|no update available|staged update present, not changed/;

/** bootc waits for the lock of the deployments for as long as it takes (host-contract §1.1). */
const WAITING = /waiting for sysroot lock[. ]*/i;

/**
 * Digests, image references by digest and paths of objects: no place where a tool says why it failed. Their digits
 * would look like HTTP statuses.
 */
const NAMES = /\bsha(256|512):[0-9a-f]+|\b[0-9a-f]{32,}\b/g;

/** The class of what a command that ended with a failure printed. */
export function classifyOutput(outcome: Pick<CommandOutcome, 'status' | 'stdout' | 'stderr'>): FailureClass {
  if (outcome.status === UNCHANGED) return 'nothing-to-do';
  // A spinner's text, which stays there when the command has got the lock and failed for another reason.
  const waited = WAITING.test(`${outcome.stdout}\n${outcome.stderr}`);
  const complaint = plain(outcome.stderr).replace(WAITING, '');
  const said = SAYINGS.find(([, pattern]) => pattern.test(complaint));
  if (said !== undefined) return said[0];
  if (NOTHING_TO_DO.test(plain(outcome.stdout))) return 'nothing-to-do';
  if (complaint.trim() === '' && waited) return 'busy';
  return outcome.status === USAGE ? 'usage' : 'unknown';
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(NAMES, ' ');
}

/** The failure of a command that ran to its end. */
export function failureOf(command: HostCommand, outcome: CommandOutcome): HostFailure {
  const failure = outcome.signal === undefined ? classifyOutput(outcome) : 'killed';
  const ending = outcome.signal === undefined ? `exit status ${outcome.status}` : outcome.signal;
  const words = lastWords(outcome.stderr) || lastWords(outcome.stdout) || 'it says nothing';
  return made(
    failure,
    command.tool,
    `${action(command)} failed (${ending}): ${words}`,
    outcome.stderr,
    undefined,
  );
}

/** The failure of a command that could not be run to its end, or whose output cannot be understood. */
export function failureOfError(command: Pick<HostCommand, 'tool' | 'args'>, error: HostError): HostFailure {
  const stderr = error.output?.stderr ?? '';
  // A lock that is waited for is no failure of the host, and the words of a killed command tell nothing better.
  const waiting = WAITING.test(`${error.output?.stdout ?? ''}\n${stderr}`);
  const failure = waiting && error.code === 'timed-out' ? 'busy' : classOfError(error);
  return made(failure, command.tool, error.message, stderr, error);
}

/** A failure that this library finds, in its own words. */
export function foundFailure(failure: FailureClass, tool: string, message: string): HostFailure {
  return made(failure, tool, message, '', undefined);
}

function classOfError(error: HostError): FailureClass {
  switch (error.code) {
    case 'timed-out':
      return 'timed-out';
    case 'no-such-tool':
      return 'no-such-tool';
    case 'unreadable':
    case 'too-much-output':
      return 'unreadable';
    case 'aborted':
      return 'killed';
    case 'input-failed':
      return error.cause instanceof ImageSourceError ? error.cause.class : 'unknown';
    case 'cannot-start':
    case 'invalid-argument':
      return 'unknown';
  }
}

function made(
  failure: FailureClass,
  tool: string,
  message: string,
  stderr: string,
  cause: HostError | undefined,
): HostFailure {
  // Cut first, a secret would lose what it is known by.
  const excerpt = withoutSecrets(stderr).slice(-EXCERPT);
  const policy = failurePolicy(failure);
  return {
    class: failure,
    tool,
    message: withoutSecrets(message),
    registry: registryOf(stderr),
    excerpt,
    policy,
    cause,
  };
}

/** The verb and what it was given, without values that may be long. */
function action({ tool, args }: HostCommand): string {
  return [tool, ...args].join(' ').slice(0, 200);
}

/** The last line that is not empty, without the prefix that differs between releases. */
function lastWords(text: string): string {
  const line =
    text
      .trimEnd()
      .split(/[\r\n]/)
      .at(-1) ?? '';
  return line.replace(/^(error: |ERROR )/, '').slice(0, 600);
}

/** The host that the message names as `docker://HOST/…` or in a URL. */
function registryOf(text: string): string | undefined {
  return /(?:docker|https?):\/\/([a-z0-9.-]+(?::\d+)?)\//i.exec(text)?.[1];
}

/** URLs lose their user and their query, which hold tokens (style §8, 15). */
function withoutSecrets(text: string): string {
  return text
    .replaceAll(/(https?:\/\/)[^/\s@"]*@/g, '$1')
    .replaceAll(/(https?:\/\/[^\s?"]*)\?[^\s"]*/g, '$1');
}
