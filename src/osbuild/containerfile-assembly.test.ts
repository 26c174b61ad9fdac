import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readContainerfile } from './containerfile.ts';
import {
  assembleContainerfile,
  type AssembledContainerfile,
  type AssembledScript,
} from './containerfile-assembly.ts';

const IMAGE = `registry.example.com/os/configs@sha256:${'1'.repeat(64)}`;
const BEFORE = { name: 'packages', text: 'true\n', description: 'install x' };
const AFTER = {
  name: 'check',
  text: 'true\n',
  description: 'look for x',
  image: { reference: 'registry.example.com/x', folder: '/run/x' },
};
const MOUNT = '--mount=type=bind,source=.varve,target=/run/varve-build';
const RUN_BEFORE = `RUN ${MOUNT} ["/bin/sh", "/run/varve-build/packages"]`;
const RUN_AFTER = `RUN ${MOUNT} --mount=type=bind,from=registry.example.com/x,target=/run/x ["/bin/sh", "/run/varve-build/check"]`;
const FIRST = `FROM ${IMAGE} AS configs\n`;

function assemble(
  text: string,
  scripts: { readonly before?: AssembledScript; readonly after?: AssembledScript } = {},
  environment: Readonly<Record<string, string>> = {},
): AssembledContainerfile {
  const reading = readContainerfile(text);
  assert.ok(reading.state === 'read', JSON.stringify(reading));
  return assembleContainerfile({
    configsImage: IMAGE,
    ...scripts,
    containerfile: reading.containerfile,
    environment,
  });
}

test('assembleContainerfile() puts the stage of the configuration first and leaves the rest as it is', () => {
  const text = 'FROM configs AS final\nRUN dnf install -y autofs && \\\n  ostree container commit\n';
  const made = assemble(text, { before: BEFORE });
  assert.equal(made.text, `${FIRST}${RUN_BEFORE}\n\n${text}`);
  assert.deepEqual([...made.files], [['.varve/packages', 'true\n']]);
});

test('assembleContainerfile() makes the stage of the configuration the result where there is no Containerfile', () => {
  const made = assembleContainerfile({ configsImage: IMAGE, before: BEFORE, environment: {} });
  assert.equal(made.text, `${FIRST}${RUN_BEFORE}\n`);
});

test('assembleContainerfile() leaves arguments of images and the escape character where they have to stand', () => {
  const made = assemble(
    '# escape=`\n# syntax=docker/dockerfile:1\nARG GO=1\nFROM golang:$GO AS b\nRUN a `\n  b\nFROM configs\n',
  );
  assert.equal(
    made.text,
    `# escape=\`\nARG GO=1\n${FIRST}\nFROM golang:$GO AS b\nRUN a \`\n  b\n\nFROM configs\n`,
  );
});

test('assembleContainerfile() has something in each stage that another one can stand on', () => {
  const made = assemble('FROM configs AS a\nFROM a AS final\n');
  assert.equal(made.text, `${FIRST}\nFROM configs AS a\nARG VARVE_NO_INSTRUCTION\n\nFROM a AS final\n`);
  assert.deepEqual(
    made.steps.map((steps) => steps.map(({ line }) => line)),
    [[undefined], [1, 1], [2]],
  );
});

test('assembleContainerfile() says of each step where it comes from', () => {
  const made = assemble(
    '# tools\nFROM golang AS b\nRUN go build\n\nFROM configs AS final\nRUN <<E\na\nE\nRUN x\n',
    { before: BEFORE, after: AFTER },
  );
  assert.deepEqual(
    made.steps.map((stage) => stage.map(({ line, text }) => [line, text])),
    [
      [
        [undefined, FIRST.trimEnd()],
        [undefined, 'install x'],
      ],
      [
        [2, 'FROM golang AS b'],
        [3, 'RUN go build'],
      ],
      [
        [5, 'FROM configs AS final'],
        [6, 'RUN <<E'],
        [9, 'RUN x'],
        [undefined, 'look for x'],
        [undefined, 'look for x'],
      ],
    ],
  );
});

test('assembleContainerfile() looks at the result of the last stage, whatever that ends with', () => {
  for (const end of ['', '\n', ' \\', ' \\\n', ' \\\n\n', ' \\\n# said\n', ' \\\n  \\\n']) {
    const made = assemble(`FROM configs\nSHELL ["/bin/false"]\nUSER 7\nRUN true${end}`, { after: AFTER });
    assert.match(made.text, /\nUSER 7\nRUN true\s*\nUSER 0\nRUN /, JSON.stringify(end));
    assert.ok(made.text.endsWith(`\nUSER 0\n${RUN_AFTER}\n`), made.text);
  }
});

test('assembleContainerfile() has the shell of the stage read a script from a here-document', () => {
  const made = assemble('FROM configs\nRUN --network=none <<EOF\nset -e\necho $A\nEOF\n');
  assert.ok(made.text.endsWith(`RUN --network=none ${MOUNT} . /run/varve-build/run-2\n`), made.text);
  assert.deepEqual([...made.files], [['.varve/run-2', 'set -e\necho $A\n']]);
});

test('assembleContainerfile() leaves a script to the interpreter that it names', () => {
  const made = assemble('FROM configs\nRUN <<EOF\n#!/usr/bin/python3\nprint(1)\nEOF\n');
  assert.ok(made.text.endsWith(`RUN ${MOUNT} /run/varve-build/run-2\n`), made.text);
});

test('assembleContainerfile() gives a command its here-documents as a shell does', () => {
  const made = assemble("FROM configs\nRUN cat <<-A - <<'B' | tee /x\n\t1\n\tA\n$2\nB\n");
  assert.deepEqual([...made.files], [['.varve/run-2', "cat <<A - <<'B' | tee /x\n1\nA\n$2\nB\n"]]);
});

test('assembleContainerfile() copies here-documents as files of their names, with the variables that builders put in', () => {
  const text =
    'FROM configs AS a\nENV A=1 B="x y"\nARG C=3\nFROM a\nENV D=$A\nCOPY --chmod=600 <<X <<"Y" /etc/d/\n$A ${B} [$C] $D ${N:-n} \\$A $PATH\nX\n$A\nY\n';
  const made = assemble(text, {}, { PATH: '/bin' });
  assert.ok(made.text.endsWith('COPY --chmod=600 .varve/copy-6/X .varve/copy-6/Y /etc/d/\n'), made.text);
  assert.deepEqual(
    [...made.files],
    [
      ['.varve/copy-6/X', '1 x y [] 1 n $A /bin\n'],
      ['.varve/copy-6/Y', '$A\n'],
    ],
  );
});

test('assembleContainerfile() has the users\u2019 authorities trusted in a layer of its own, below all else', () => {
  const input = { configsImage: IMAGE, environment: {}, certificateAuthorities: ['PEM 1\n', 'PEM 2'] };
  const alone = assembleContainerfile(input);
  const trust = 'RUN --mount=type=bind,source=.varve,target=/run/varve-build sh /run/varve-build/trust\n';
  assert.equal(alone.text, FIRST + trust);
  assert.equal(alone.files.get('.varve/authorities.crt'), 'PEM 1\nPEM 2\n');
  assert.deepEqual(alone.steps, [
    [
      { line: undefined, text: FIRST.trimEnd() },
      { line: undefined, text: 'trusting the authorities of the users' },
    ],
  ]);
  const script = { name: 'packages', text: 'true\n', description: 'installing' };
  const made = assembleContainerfile({ ...input, before: script });
  assert.ok(
    made.text.startsWith(`FROM ${IMAGE} AS varve-trust\n${trust}FROM varve-trust AS configs\n`),
    made.text,
  );
  assert.deepEqual(
    made.steps.map((stage) => stage.length),
    [2, 2],
  );
});
