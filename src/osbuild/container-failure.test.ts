import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildFailure, retryClass } from './build-failure.ts';
import { BuilderOutput, containerBuildError } from './container-failure.ts';

const STEPS = [
  [
    { line: undefined, text: 'FROM base AS configs' },
    { line: undefined, text: 'RUN dnf install -y usbguard' },
  ],
  [
    { line: 3, text: 'FROM configs AS final' },
    { line: 4, text: 'RUN dnf install -y autofs && \\\n  true' },
  ],
];

function failureOf(...output: string[]): Error {
  return containerBuildError({ assembled: { steps: STEPS }, output, ended: 'exit status 1' });
}

/** The last line of a build, why it failed, and whether it is tried again. */
const CLASSES: Readonly<Record<string, readonly [line: string, reason: string, when: string]>> = {
  'a command': ['Error: building at STEP "RUN false": exit status 1', 'CommandFailed', 'never'],
  'a package that apt does not know': ['E: Unable to locate package autofss', 'PackageNotFound', 'never'],
  'a package that apt cannot install': [
    "E: Package 'x' has no installation candidate",
    'PackageNotFound',
    'never',
  ],
  'a package that dnf does not know': ['No match for argument: autofss', 'PackageNotFound', 'never'],
  'a package that rpm-ostree does not know': [
    'error: Packages not found: autofss',
    'PackageNotFound',
    'never',
  ],
  'packages that apt cannot put together': [
    'E: Unable to correct problems, you have held broken packages.',
    'PackageConflict',
    'never',
  ],
  'packages that a newer apt cannot put together': [
    'E: Unable to satisfy dependencies. Reached two conflicting assignments:',
    'PackageConflict',
    'never',
  ],
  'packages of dpkg that have the same file': [
    " trying to overwrite '/usr/bin/x', which is also in package other 1.0",
    'PackageConflict',
    'never',
  ],
  'an extension that the distribution has not': [
    'varve: no package available for the extensions sandboxed-containers on this distribution ( debian )',
    'PackageNotFound',
    'never',
  ],
  'an extension that a command has taken out': [
    'varve: packages are missing from the image at the end of the build: usbguard',
    'PackageMissing',
    'never',
  ],
  'a second kernel': [
    'varve: a host boots exactly one kernel, and the image has these at the end of the build: a b',
    'KernelUnusable',
    'never',
  ],
  'a kernel that nothing can make an initramfs for': [
    'varve: the kernel needs an initramfs, and the base image has neither dracut nor update-initramfs to make it with',
    'KernelUnusable',
    'never',
  ],
  'packages that dnf cannot put together': [
    ' Problem: package a-1 requires b, but none of the providers can be installed',
    'PackageConflict',
    'never',
  ],
  'packages that rpm-ostree cannot put together': [
    'error: Could not depsolve transaction; 1 problem detected:',
    'PackageConflict',
    'never',
  ],
  'a registry that wants a password': [
    'Error: creating build container: reading manifest 1 in reg/x: unauthorized: authentication required',
    'RegistryRefused',
    'later',
  ],
  'an image that is not there': [
    'Error: creating build container: reading manifest 9 in reg/x: manifest unknown',
    'ImageMissing',
    'later',
  ],
  'a registry that is down': [
    'Error: creating build container: pinging container registry 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused',
    'RegistryUnreachable',
    'soon',
  ],
  'a registry that dies': [
    'Error: pushing image "localhost/varve:build": writing blob: uploading layer chunked: Patch "http://reg/v2/x/blobs/uploads/1": EOF',
    'RegistryUnreachable',
    'soon',
  ],
  'a name that nobody knows': ['Could not resolve host: mirror.example.com', 'RegistryUnreachable', 'soon'],
  'a mirror that fails': [
    'E: Failed to fetch http://deb/x.deb  502  Bad Gateway',
    'RegistryUnreachable',
    'soon',
  ],
  'a full disk': ['tar: x: Cannot write: No space left on device', 'BuilderStorage', 'soon'],
  'too little memory': ['virtual memory exhausted: Cannot allocate memory', 'OutOfMemory', 'soon'],
};

describe('containerBuildError() and what follows from it', () => {
  for (const [what, [line, reason, when]] of Object.entries(CLASSES)) {
    test(what, () => {
      const failure = buildFailure(failureOf('[2/2] STEP 2/2: RUN dnf install', line));
      assert.equal(failure.reason, reason);
      assert.equal(retryClass(failure.reason), when);
    });
  }
});

test('containerBuildError() names the line of the user whose step failed, and ends with the output', () => {
  const output = [
    '[1/2] STEP 2/2: RUN dnf',
    'Complete!',
    '[2/2] STEP 2/2: RUN dnf',
    '',
    'No match for argument: autofss',
  ];
  assert.equal(
    failureOf(...output).message,
    'cannot build the image: a package is in none of the repositories at line 4 of the Containerfile, RUN dnf install -y autofs && \\ (exit status 1); it ended with:\n' +
      '[1/2] STEP 2/2: RUN dnf\nComplete!\n[2/2] STEP 2/2: RUN dnf\nNo match for argument: autofss',
  );
});

test('containerBuildError() does not blame a Containerfile for a step that is not in it', () => {
  assert.match(
    failureOf('[1/2] STEP 2/2: RUN dnf', 'x').message,
    /a command failed at Varve's own step RUN dnf install -y usbguard/,
  );
});

test('containerBuildError() knows the steps of a build with one stage', () => {
  assert.match(failureOf('STEP 2/2: RUN dnf', 'x').message, /own step RUN dnf install/);
});

test('containerBuildError() shows twenty lines, none of them long', () => {
  const { message } = failureOf(...Array.from({ length: 100 }, (_, at) => `${at} ${'x'.repeat(1000)}`));
  const lines = message.split('\n').slice(1);
  assert.equal(lines.length, 20);
  assert.ok(lines.every((line) => line.length === 400));
});

test('containerBuildError() does not take what a command said long before its end for the cause', () => {
  const noise = ['connection refused', ...Array.from({ length: 30 }, (_, at) => `line ${at}`)];
  assert.equal(buildFailure(failureOf(...noise)).reason, 'CommandFailed');
});

test('containerBuildError() does not take the text of a command for what it said', () => {
  const text = 'RUN x || echo no space left on device';
  const failure = buildFailure(
    failureOf(`[2/2] STEP 2/2: ${text}`, 'oh', `Error: building at STEP "${text}": exit status 1`),
  );
  assert.equal(failure.reason, 'CommandFailed');
});

test('containerBuildError() takes a builder that was killed for one without memory', () => {
  const output = ['[2/2] STEP 2/2: RUN dnf install -y autofs', 'Installing: autofs'];
  const error = containerBuildError({ assembled: { steps: STEPS }, output, ended: 'signal SIGKILL' });
  assert.equal(buildFailure(error).reason, 'OutOfMemory');
  assert.match(error.message, /the builder was killed, .* at line 4 of the Containerfile/);
});

test('containerBuildError() does not blame the Containerfile for a registry that does not take the image', () => {
  const output = ['Error: pushing image "localhost/varve:build": denied: requested access is denied'];
  const failed = { assembled: { steps: STEPS }, output, ended: 'exit status 125' };
  const error = containerBuildError({ ...failed, pushed: 'reg.example.com/os:build' });
  assert.equal(buildFailure(error).reason, 'RegistryRefused');
  assert.match(
    error.message,
    /^cannot build the image: the registry refused to take reg\.example\.com\/os:build \(/,
  );
  assert.match(containerBuildError(failed).message, /a registry refused an image of the Containerfile/);
});

test('BuilderOutput keeps the step of a command that says more than is kept', () => {
  const output = new BuilderOutput();
  const steps = ['[1/2] STEP 2/2: RUN dnf install -y usbguard', '[2/2] STEP 2/2: RUN dnf install -y autofs'];
  const words = Array.from({ length: 1000 }, (_, at) => `line ${at}`);
  for (const line of [...steps, ...words]) output.take(line);
  assert.equal(output.lines.length, 201);
  const error = containerBuildError({
    assembled: { steps: STEPS },
    output: output.lines,
    ended: 'exit status 1',
  });
  assert.match(error.message, /at line 4 of the Containerfile.*line 999$/s);
});
