import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LASTING, programOf } from './process-flags.ts';

test('bin/varve starts lasting commands with the flags that they are started with from here', () => {
  const script = readFileSync(new URL('../../bin/varve', import.meta.url), 'utf8');
  for (const [command, { v8, arenas }] of Object.entries(LASTING)) {
    const line = `  ${command}) flags="$flags ${v8.join(' ')}" arenas=${arenas} ;;`;
    assert.ok(script.includes(`\n${line}\n`), `bin/varve should have the line\n${line}`);
  }
});

test('programOf() puts the flags of the other command in the place of its own, and keeps the rest', () => {
  const own = ['/bin/node', '--v8-pool-size=1', ...LASTING.up.v8, '--import=x', 'main.cjs'];
  const { program, environment } = programOf('agent', own);
  assert.deepEqual(program, ['/bin/node', ...LASTING.agent.v8, '--v8-pool-size=1', '--import=x', 'main.cjs']);
  assert.deepEqual(environment, { MALLOC_ARENA_MAX: '1' });
});
