import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  applyKernelArguments,
  checkKernelArguments,
  chosenArguments,
  compareKernelArguments,
  excessOfLine,
  planKernelArguments,
  splitKernelArguments,
} from './kernel-arguments.ts';

test('splitKernelArguments() honours double quotes wherever they stand', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['  quiet  rw\n', ['quiet', 'rw']],
    ['dyndbg="file a.c +p" b', ['dyndbg="file a.c +p"', 'b']],
    ['"dyndbg=file a.c +p" b', ['"dyndbg=file a.c +p"', 'b']],
    ['a="unclosed b', ['a="unclosed b']],
  ];
  for (const [line, expected] of table) assert.deepEqual(splitKernelArguments(line), expected, line);
});

test('chosenArguments() leaves out what boot loader and deployment add', () => {
  const line = 'BOOT_IMAGE=(hd0,gpt3)/vmlinuz root=UUID=1 rw ostree=/ostree/boot.1/x/0 initrd=/i quiet';
  assert.deepEqual(chosenArguments(line), ['root=UUID=1', 'rw', 'quiet']);
});

test('compareKernelArguments() compares as multisets, dashes as underscores, quotes wherever they stand', () => {
  assert.deepEqual(compareKernelArguments(['a=1', 'a=1', 'b'], ['b', 'c-d=x_y', 'a=1']), {
    missing: ['a=1'],
    surplus: ['c-d=x_y'],
  });
  assert.deepEqual(compareKernelArguments(['my-key=a-b', 'q="x y"'], ['"q=x y"', 'my_key=a-b']), {
    missing: [],
    surplus: [],
  });
  assert.deepEqual(compareKernelArguments(['k=a-b'], ['k=a_b']), { missing: ['k=a-b'], surplus: ['k=a_b'] });
});

test('planKernelArguments() asks for what is to be changed and nothing else', () => {
  const current = ['root=UUID=1', 'quiet', 'a=1', 'a=1', 'crashkernel=256M'];
  assert.deepEqual(
    planKernelArguments(current, { append: ['a=2', 'quiet', 'a=2'], remove: ['a=1', 'gone'] }),
    {
      append: ['a=2'],
      remove: ['a=1', 'a=1'],
    },
  );
  // In one rpm-ostree call both would contradict each other.
  assert.deepEqual(planKernelArguments(current, { append: ['quiet'], remove: ['quiet'] }), {
    append: [],
    remove: [],
  });
});

test('checkKernelArguments() refuses what the machine needs and what is not one argument', () => {
  for (const argument of ['root=UUID=2', 'rw', 'rd.luks.name=x', 'ignition.platform.id=qemu', 'ostree=/x']) {
    assert.throws(() => checkKernelArguments({ append: [], remove: [argument] }), {
      code: 'invalid-argument',
    });
  }
  for (const argument of ['', 'a b', ' a', 'a\nb', 'a\0']) {
    assert.throws(() => checkKernelArguments({ append: [argument], remove: [] }), {
      code: 'invalid-argument',
    });
  }
});

test('a planned change, once applied, needs no further change', () => {
  const argument = fc.constantFrom('a=1', 'a=2', 'my-b', 'my_b', 'c="x y"', 'd', 'console=ttyS0,115200n8');
  const list = fc.array(argument, { maxLength: 6 });
  fc.assert(
    fc.property(list, list, list, (current, append, remove) => {
      const after = applyKernelArguments(current, planKernelArguments(current, { append, remove }));
      assert.deepEqual(planKernelArguments(after, { append, remove }), { append: [], remove: [] });
      assert.deepEqual(
        compareKernelArguments([...new Set(append)], [...new Set([...after, ...append])]).missing,
        [],
      );
    }),
  );
});

test('excessOfLine() knows what the kernels cut', () => {
  assert.equal(excessOfLine(['x'.repeat(2047)], 'x64'), 0);
  assert.equal(excessOfLine(['x'.repeat(2047), 'y'], 'x64'), 2);
  assert.equal(excessOfLine(['x'.repeat(4000)], 's390x'), 0);
  assert.equal(excessOfLine(['x'.repeat(9000)], 'riscv64'), 0);
});
