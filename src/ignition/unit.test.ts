import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseUnit } from './index.ts';

function options(text: string): readonly string[] {
  const parsed = parseUnit(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.options.map(({ section, name, value }) => `${section}|${name}|${value}`);
}

function problem(text: string): string {
  const parsed = parseUnit(text);
  return parsed.ok ? '' : parsed.message;
}

test('parseUnit() reads sections, comments, white space and empty values', () => {
  const text = '# c\n; d\n[Unit]\n  Description = a b \n\n#x=\\\ncontinued\n[Service]\nExecStart=\nA=b=c\r\n';
  assert.deepEqual(options(text), ['Unit|Description|a b', 'Service|ExecStart|', 'Service|A|b=c']);
});

test('parseUnit() keeps the backslashes and newlines of a continued value', () => {
  assert.deepEqual(options('[A]\nB=one \\\n  two\\\n\nC=d\\'), ['A|B|one \\\n  two\\\n', 'A|C|d\\']);
});

test('parseUnit() says what is wrong as the real validator does', () => {
  assert.equal(problem('[Unit'), 'unable to find end of section');
  assert.equal(problem('[Unit] x"y'), 'found garbage after section name : "x\\"y"');
  assert.equal(problem('[Unit]\nfoo'), 'EOF');
  assert.equal(problem('[Unit]\nfoo\nbar=1'), 'unexpected newline encountered while parsing option name');
  assert.equal(problem(`[Unit]\nA=${'x'.repeat(5000)}`), 'line too long (max 2048 bytes)');
});

/** How many characters parseUnit() looks at. */
function work(text: string): number {
  let sum = 0;
  parseUnit(text, (characters) => {
    sum += characters;
  });
  return sum;
}

test('parseUnit() looks at each character a few times, however many long runs of blanks there are', () => {
  const shapes: Readonly<Record<string, (runs: number) => string>> = {
    'blank lines': (runs) => `[A]\n${`${' '.repeat(2000)}\n`.repeat(runs)}`,
    'blanks inside a value': (runs) => `[A]\nB=${`x${' '.repeat(2000)}x\\\n`.repeat(runs)}y\n`,
    'wide blanks inside a value': (runs) => `[A]\nB=${`x${'\u2003'.repeat(600)}x\\\n`.repeat(runs)}y\n`,
    'blanks inside a name': (runs) => `[A]\n${`a${' '.repeat(2000)}b=c\n`.repeat(runs)}`,
    'text before a section': (runs) => `${' x'.repeat(1000)}\n`.repeat(runs),
    'blanks after a section': (runs) => `[A]${' '.repeat(2000)}\n`.repeat(runs),
    comments: (runs) => `[A]\n${`# ${' '.repeat(2000)}x\\\n`.repeat(runs)}`,
    'names without a value': (runs) => `[A]\n${'a'.repeat(2000 * runs)}`,
  };
  for (const [what, shape] of Object.entries(shapes)) {
    for (const runs of [50, 400]) {
      const text = shape(runs);
      const looks = work(text) / text.length;
      assert.ok(looks > 0 && looks < 6, `${what}: ${looks} looks at each character of ${text.length}`);
    }
  }
});

test('parseUnit() gives back the options of any unit written plainly', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/);
  const value = fc.stringMatching(/^(?:[!-[\]-~](?:[ -[\]-~]{0,20}[!-[\]-~])?)?$/);
  const section = fc.tuple(word, fc.array(fc.tuple(word, value), { maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(section, { maxLength: 4 }), (sections) => {
      const lines = sections.flatMap(([name, entries]) => [
        `[${name}]`,
        ...entries.map(([key, text]) => `${key}=${text}`),
      ]);
      const expected = sections.flatMap(([name, entries]) =>
        entries.map(([key, text]) => `${name}|${key}|${text}`),
      );
      assert.deepEqual(options(lines.join('\n')), expected);
    }),
  );
});
