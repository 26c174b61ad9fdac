import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineConfigError } from './index.ts';
import { files, machineConfig, renderInfra, units } from './test-objects.ts';
import type { MachineConfig } from '../api/index.ts';

const LIMIT = 1_572_864;

/** A MachineConfig whose rendered file has about this many bytes. */
function sized(name: string, bytes: number): MachineConfig {
  return machineConfig(
    name,
    'worker',
    files({ path: `/etc/${name}`, contents: { source: `data:,${'a'.repeat(bytes)}` } }),
  );
}

test('render() refuses a result that the API would refuse, naming the biggest parts', () => {
  const unit = machineConfig(
    'unit',
    'worker',
    units({ name: 'a.service', contents: `#${'b'.repeat(1000)}\n` }),
  );
  assert.throws(
    () => renderInfra([sized('small', 10), unit, sized('big', LIMIT), sized('middle', 2000)]),
    (error) => {
      assert.ok(error instanceof MachineConfigError);
      assert.equal(error.code, 'too-large');
      assert.match(
        error.message,
        /^cannot render pool "infra": the rendered MachineConfig has 157\d{4} bytes, the API accepts 1572864; put large files into the base image; the biggest parts are MachineConfig "big": file \/etc\/big: 1572\d{3} bytes; MachineConfig "middle": file \/etc\/middle: 20\d\d bytes; MachineConfig "unit": unit a\.service: 10\d\d bytes; MachineConfig "small": file \/etc\/small: \d\d bytes$/,
      );
      return true;
    },
  );
});

test('render() warns of a result near the limit', () => {
  const { warnings } = renderInfra([sized('big', LIMIT * 0.9)]);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /^the rendered MachineConfig has 141\d{4} bytes, 90 % of the 1572864 that the API accepts; the biggest parts are MachineConfig "big": file \/etc\/big: 1415\d{3} bytes$/,
  );
  assert.deepEqual(renderInfra([sized('big', LIMIT * 0.79)]).warnings, []);
});

test('render() takes exactly the limit', () => {
  const empty = JSON.stringify(renderInfra([sized('big', 0)]).machineConfig).length;
  assert.equal(renderInfra([sized('big', LIMIT - empty)]).warnings.length, 1);
  assert.throws(() => renderInfra([sized('big', LIMIT - empty + 1)]), { code: 'too-large' });
});
