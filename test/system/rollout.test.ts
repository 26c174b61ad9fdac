import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CURRENT_CONFIG_ANNOTATION, findCondition } from '../../src/api/index.ts';
import { MACHINE_CONFIG_NODES } from '../../src/controllers/resources.ts';
import type { LabPool } from '../lab/cluster/lab-pool.ts';
import { RolloutLab } from '../lab/cluster/rollout-lab.ts';

/** Waits until the pool's nodes run the image of the configuration that says this. @returns the image */
async function rolledOut(
  lab: RolloutLab,
  pool: LabPool,
  suffixes: readonly string[],
  text: string,
): Promise<{ readonly config: string; readonly image: string }> {
  let seen = { config: '', image: '' };
  await lab.until(`${suffixes.join(' ')} run the image of ${text}`, async () => {
    const { pool: found, osConfig } = await pool.state();
    const config = found.spec.configuration?.name ?? '';
    const image = osConfig?.status?.currentImagePullSpec ?? '';
    if (config === '' || image === '') return false;
    if (!JSON.stringify((await pool.rendered(config)).spec).includes(`"data:,${text}"`)) return false;
    seen = { config, image };
    return lab.areAt(suffixes, config, image);
  });
  assert.deepEqual(lab.violations, []);
  return seen;
}

test('install, update, A→B→A, rollback by deletion', async (t) => {
  const lab = await RolloutLab.open(t);
  const pool = lab.pool('p');
  await pool.create('first');
  const nodes = ['n1', 'n2', 'n3'];
  await lab.add(pool, ...nodes);
  lab.controllers();
  const first = await rolledOut(lab, pool, nodes, 'first');
  await pool.configure('second');
  const second = await rolledOut(lab, pool, nodes, 'second');
  assert.notEqual(second.image, first.image);
  const builds = (await pool.state()).builds.length;
  await pool.configure('first');
  const again = await rolledOut(lab, pool, nodes, 'first');
  assert.equal(again.image, first.image);
  assert.equal((await pool.state()).builds.length, builds);
  for (const { name } of lab.nodes.values()) {
    const found = await lab.cluster.get(MACHINE_CONFIG_NODES, name);
    assert.equal(found.spec.pool.name, pool.name);
    assert.equal(found.spec.configVersion.desired, first.config);
  }
  await lab.until('the pool says so', async () => {
    const { pool: found } = await pool.state();
    return findCondition(found.status?.conditions, 'Updated')?.status === 'True';
  });
  assert.equal(await lab.annotation('n1', CURRENT_CONFIG_ANNOTATION), first.config);
});
