import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readContainerfile } from './containerfile.ts';
import { containerfileProblems, formatProblem } from './containerfile-problems.ts';

/** What is wrong with a text, and what is said of it. */
const REFUSED: Readonly<Record<string, readonly [text: string, said: readonly string[]]>> = {
  'a command that is none': ['FROM configs AS final\nRUNN dnf install\n', ['2:1: Unknown instruction: RUNN']],
  'a command without FROM': [
    'RUN dnf install\n',
    ['1:1: RUN stands before the first FROM; begin with FROM configs AS final'],
  ],
  'ENV before FROM': [
    'ENV A=1\nFROM configs AS final\n',
    ['1:1: ENV stands before the first FROM; begin with FROM configs AS final'],
  ],
  'a FROM without an image': ['FROM\n', ['1:1: FROM has no arguments']],
  'a FROM with a word too many': [
    'FROM configs final\n',
    ['1:14: FROM requires either one or three arguments'],
  ],
  'a FROM with AS and no name': ['FROM configs AS\n', ['1:14: FROM requires either one or three arguments']],
  'a FROM with more than a name': [
    'FROM configs AS final now\n',
    ['1:23: FROM requires either one or three arguments'],
  ],
  'a stage name that is none': [
    'FROM configs AS 1st!\n',
    ['1:17: invalid name for build stage: "1st!", name can\'t start with a number or contain symbols'],
  ],
  'a stage named configs': [
    'FROM fedora AS configs\nFROM configs AS final\n',
    ['1:1: the stage configs is there already: it is the base image with the configuration'],
  ],
  'two stages of a name': [
    'FROM fedora AS a\nFROM fedora AS A\nFROM configs AS final\n',
    ['2:1: the stage A is there already, on line 1'],
  ],
  'an image with an empty tag': [
    'FROM fedora: AS a\nFROM configs AS final\n',
    ['1:6: invalid reference format'],
  ],
  'an image by a variable that is not set': [
    'FROM $BASE AS a\nFROM configs AS final\n',
    ['1:6: base name ($BASE) should not be blank'],
  ],
  'a platform without a value': [
    'FROM --platform configs AS final\n',
    ['1:8: Missing a value on flag: platform'],
  ],
  'a flag of FROM that is none': ['FROM --arch=arm64 configs AS final\n', ['1:6: Unknown flag: arch']],
  'RUN without a command': ['FROM configs AS final\nRUN\n', ['2:1: RUN needs a command']],
  'RUN with flags alone': [
    'FROM configs AS final\nRUN --mount=type=cache,target=/x\n',
    ['2:1: RUN needs a command'],
  ],
  'a mount of no type': [
    'FROM configs AS final\nRUN --mount=type=nope,target=/x ls\n',
    ['2:1: RUN has a mount of type nope; there are bind, cache, secret, ssh, tmpfs'],
  ],
  'COPY without arguments': ['FROM configs AS final\nCOPY\n', ['2:1: COPY requires at least two arguments']],
  'COPY without a destination': [
    'FROM configs AS final\nCOPY a\n',
    ['2:6: COPY requires at least two arguments'],
  ],
  'COPY with a flag that is none': [
    'FROM configs AS final\nCOPY --chwon=1 a /b\n',
    ['2:6: Unknown flag: chwon'],
  ],
  'COPY of several into a file': [
    'FROM configs AS final\nCOPY a b /c\n',
    [
      '2:10: When using COPY with more than one source file, the destination must be a directory and end with a / or a \\',
    ],
  ],
  'ADD without a destination': [
    'FROM configs AS final\nADD a\n',
    ['2:5: ADD requires at least two arguments'],
  ],
  'ENV without a value': ['FROM configs AS final\nENV A\n', ['2:5: ENV must have two arguments']],
  'ENV with a word that is no pair': [
    'FROM configs AS final\nENV A=1 B\n',
    ['2:9: Syntax error - can\'t find = in "B". Must be of the form: name=value'],
  ],
  'LABEL without a value': ['FROM configs AS final\nLABEL a\n', ['2:7: LABEL must have two arguments']],
  'ARG without a name': ['FROM configs AS final\nARG\n', ['2:1: ARG has no arguments']],
  'ARG with an empty name': ['FROM configs AS final\nARG =1\n', ['2:5: ARG names cannot be blank']],
  'USER without a name': ['FROM configs AS final\nUSER\n', ['2:1: USER has no arguments']],
  'WORKDIR without a path': ['FROM configs AS final\nWORKDIR\n', ['2:1: WORKDIR has no arguments']],
  'EXPOSE of a word': ['FROM configs AS final\nEXPOSE http\n', ['2:8: Invalid containerPort: http']],
  'VOLUME without a path': ['FROM configs AS final\nVOLUME\n', ['2:1: VOLUME has no arguments']],
  'SHELL that is no JSON': [
    'FROM configs AS final\nSHELL /bin/bash -c\n',
    ['2:7: SHELL requires the arguments to be in JSON form'],
  ],
  'ENTRYPOINT without a command': [
    'FROM configs AS final\nENTRYPOINT\n',
    ['2:1: ENTRYPOINT has no arguments'],
  ],
  'STOPSIGNAL of two': [
    'FROM configs AS final\nSTOPSIGNAL a b\n',
    ['2:14: STOPSIGNAL has an extra argument'],
  ],
  'HEALTHCHECK of no kind': [
    'FROM configs AS final\nHEALTHCHECK nope\n',
    ['2:13: Unknown type"NOPE" in HEALTHCHECK (try CMD)'],
  ],
  'ONBUILD with FROM': [
    'FROM configs AS final\nONBUILD FROM x\n',
    ["2:9: FROM isn't allowed as an ONBUILD trigger"],
  ],
  'ONBUILD without an instruction': ['FROM configs AS final\nONBUILD\n', ['2:1: ONBUILD has no arguments']],
  'a here-document without an end': [
    'FROM configs AS final\nRUN <<EOF\ndnf install\n',
    ['2:1: the here-document EOF has no end: a line that is EOF alone'],
  ],
  'the second of two here-documents without an end': [
    'FROM configs AS final\nRUN cat <<A <<B\na\nA\n',
    ['2:1: the here-document B has no end: a line that is B alone'],
  ],
  'a here-document whose end is indented': [
    'FROM configs AS final\nRUN <<EOF\nx\n EOF\n',
    ['2:1: the here-document EOF has no end: a line that is EOF alone'],
  ],
  'a NUL byte': [
    'FROM configs AS final\nRUN a\u0000b\n',
    ['2:6: the text holds a character that is none (a NUL byte, or bytes that are not UTF-8)'],
  ],
  'bytes that are not UTF-8': [
    'FROM configs AS final\nRUN a�b\n',
    ['2:6: the text holds a character that is none (a NUL byte, or bytes that are not UTF-8)'],
  ],
  'an escape directive that is none': [
    '# escape=x\nFROM configs AS final\n',
    ["1:10: invalid ESCAPE 'x'. Must be ` or \\"],
  ],
  'shell without RUN': ['FROM configs AS final\ndnf install -y autofs\n', ['2:1: Unknown instruction: DNF']],
  'a line that was to continue': [
    'FROM configs AS final\nRUN dnf install\n  autofs\n',
    ['3:3: Unknown instruction: AUTOFS'],
  ],
  'MAINTAINER without a name': ['FROM configs AS final\nMAINTAINER\n', ['2:1: MAINTAINER has no arguments']],
  'COPY from a stage that comes later': [
    'FROM configs AS final\nCOPY --from=later /a /b\nFROM fedora AS later\n',
    ['3:1: the last stage becomes the image of the nodes and has to stand on configs: FROM configs AS final'],
  ],
  'COPY from itself': [
    'FROM configs AS final\nCOPY --from=final /a /b\n',
    ['2:1: COPY --from=final is the stage that it is in'],
  ],
  'a last stage of another image': [
    'FROM fedora\nRUN x\n',
    ['1:1: the last stage becomes the image of the nodes and has to stand on configs: FROM configs AS final'],
  ],
};

describe('containerfileProblems() names line and column of', () => {
  for (const [what, [text, said]] of Object.entries(REFUSED)) {
    test(what, () => assert.deepEqual(containerfileProblems(text).map(formatProblem), said));
  }
});

const HEAD = 'FROM configs AS final\n';

/** What builders build. */
const ACCEPTED: Readonly<Record<string, string>> = {
  "the reference's example": `${HEAD}RUN dnf install -y autofs && systemctl enable autofs && ostree container commit\n`,
  'no text': '',
  'comments alone': '# nothing yet\n\n',
  'small letters': 'from configs as final\nrun true\n',
  'several stages': `FROM docker.io/library/golang:1.24 AS build\nRUN go build -o /out/tool .\n${HEAD}COPY --from=build /out/tool /usr/bin/tool\n`,
  'COPY from an image': `${HEAD}COPY --from=quay.io/org/tool:1 /tool /usr/bin/tool\n`,
  'COPY from a stage by its number': `FROM fedora\n${HEAD}COPY --from=0 /a /b\n`,
  'a last stage on one that stands on configs':
    'FROM configs AS packages\nRUN true\nFROM packages\nRUN true\n',
  'arguments of images': `ARG GO=1.24\nFROM golang:\${GO} AS build\n${HEAD}`,
  'continuation lines with comments': `${HEAD}RUN dnf install -y \\\n  # the mounter\n  autofs \\\n\n  && true\n`,
  'the other escape character': `# escape=\`\n${HEAD}RUN a \`\n  b\n`,
  'lines that end as on Windows': 'FROM configs AS final\r\nRUN true\r\n',
  'here-documents': `${HEAD}RUN <<EOF\nset -e\nNOT an instruction\nEOF\nCOPY <<-"A" /etc/x\n\thello\n\tA\n`,
  'here-documents that a command reads': `${HEAD}RUN cat <<A <<B\na\nA\nb\nB\n`,
  'what only looks like a here-document': `${HEAD}RUN echo "<<EOF" $((1<<2)) && cat <<<word\nRUN true\n`,
  mounts: `${HEAD}RUN --mount=type=secret,id=token --mount=type=cache,target=/var/cache true\n`,
  'ENV as pairs and as one': `${HEAD}ENV A=1 B="2 3"\nENV C d e\n`,
  'HEALTHCHECK NONE': `${HEAD}HEALTHCHECK NONE\n`,
  'a byte order mark': `\uFEFF${HEAD}`,
};

describe('containerfileProblems() has nothing to say of', () => {
  for (const [what, text] of Object.entries(ACCEPTED)) {
    test(what, () => assert.deepEqual(containerfileProblems(text), []));
  }
});

test('readContainerfile() gives stages, and instructions with their lines', () => {
  const text = `ARG A=1\nFROM fedora AS build\nRUN make \\\n  all\n\n${HEAD}COPY --from=build /a /b\n`;
  const reading = readContainerfile(text);
  assert.ok(reading.state === 'read');
  assert.deepEqual(reading.containerfile, {
    text,
    directives: [],
    preamble: [{ keyword: 'ARG', line: 1, endLine: 1, text: 'ARG A=1', heredocs: [] }],
    stages: [
      {
        name: 'build',
        base: 'fedora',
        line: 2,
        column: 1,
        from: 'FROM fedora AS build',
        instructions: [{ keyword: 'RUN', line: 3, endLine: 4, text: 'RUN make \\\n  all', heredocs: [] }],
      },
      {
        name: 'final',
        base: 'configs',
        line: 6,
        column: 1,
        from: 'FROM configs AS final',
        instructions: [
          { keyword: 'COPY', line: 7, endLine: 7, text: 'COPY --from=build /a /b', heredocs: [] },
        ],
      },
    ],
  });
});

test('readContainerfile() gives here-documents, with their quoting and without the tabs that are to go', () => {
  const reading = readContainerfile(`${HEAD}RUN cat <<-A <<'B' | tee x\n\t1\n\tA\n\t2\nB\n`);
  assert.ok(reading.state === 'read');
  assert.deepEqual(reading.containerfile.stages[0]?.instructions, [
    {
      keyword: 'RUN',
      line: 2,
      endLine: 6,
      text: "RUN cat <<-A <<'B' | tee x",
      heredocs: [
        { name: 'A', quoted: false, content: '1\n' },
        { name: 'B', quoted: true, content: '\t2\n' },
      ],
    },
  ]);
});
