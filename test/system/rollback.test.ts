import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { RolloutLab } from '../lab/cluster/rollout-lab.ts';
import { run } from '../lab/run.ts';
import { PATIENCE } from '../lab/until.ts';
import { CHECKOUT } from '../lab/varve.ts';

// varve history, rollback, pause, resume and why as people type them, while controllers and agents work.

interface Image {
  readonly number: number;
  readonly image: string;
  readonly configuration: string;
  readonly inForce: boolean;
  readonly nodes: readonly string[];
  readonly changes: readonly string[] | null;
  readonly by: readonly string[];
}

describe('varve rollback', { concurrency: 1 }, () => {
  test('has all nodes go back to an image that the pool had, without a build, stay there, and go forward again', async (t) => {
    const lab = await RolloutLab.open(t);
    const varve = async (args: readonly string[], accept: readonly number[] = [0]): Promise<string> => {
      const env = { KUBECONFIG: lab.cluster.kubeconfig };
      const { stdout, stderr } = await run(
        'timeout',
        [String(PATIENCE), join(CHECKOUT, 'bin/varve'), ...args],
        {
          accept,
          env,
        },
      );
      return accept.includes(0) ? stdout : stderr;
    };
    const pool = lab.pool('p');
    const nodes = ['n1', 'n2'];
    const images = async (): Promise<readonly Image[]> =>
      (JSON.parse(await varve(['history', pool.name, '--output', 'json'])) as { images: Image[] }).images;
    const configuration = async (): Promise<string> =>
      (await pool.state()).pool.spec.configuration?.name ?? '';
    /** Waits until all nodes run the image in force, of this configuration if one is named. */
    const settled = async (wanted: (name: string) => boolean): Promise<Image> => {
      let current: Image | undefined;
      await lab.until('all nodes run the image in force', async () => {
        if (!wanted(await configuration())) return false;
        const { osConfig } = await pool.state();
        const image = osConfig?.status?.currentImagePullSpec ?? '';
        if (!(await lab.areAt(nodes, await configuration(), image))) return false;
        current = (await images()).find(({ inForce }) => inForce);
        return current?.image === image;
      });
      assert.ok(current !== undefined);
      return current;
    };

    await pool.create('first');
    await lab.add(pool, ...nodes);
    lab.controllers();
    const first = await settled((name) => name !== '');
    assert.match(await varve(['rollback', pool.name], [1]), /has no image before the one in force/u);
    await pool.configure('second');
    const second = await settled((name) => name !== first.configuration);
    const builds = (await pool.state()).builds.length;

    const [old, now] = await images();
    assert.equal(now?.nodes.length, 2);
    assert.equal(old?.nodes.length, 0);
    assert.ok((now?.changes ?? []).length > 0);
    assert.ok((now?.by ?? []).length > 0);

    assert.match(await varve(['rollback', pool.name]), /goes back to image 1, .*varve rollback \S+ --undo/u);
    const back = await settled((name) => name === first.configuration);
    assert.equal(back.image, first.image);
    // Whatever its MachineConfigs say meanwhile.
    await pool.configure('third');
    assert.match(
      await varve(['why', `pool/${pool.name}`]),
      /^MachineConfigPool \S+ is updated: all 2 nodes run its image; it was rolled back to \S+, .*--undo\.\n/u,
    );
    assert.equal(await configuration(), first.configuration);
    assert.equal((await pool.state()).builds.length, builds);

    assert.match(await varve(['pause', pool.name]), /is paused: its images are built/u);
    assert.match(await varve(['rollback', pool.name, '--undo']), /follows its MachineConfigs again/u);
    await lab.until('the paused pool has its next image', async () =>
      (await images()).some((image) => image.inForce && image.configuration !== first.configuration),
    );
    assert.match(await varve(['why', `pool/${pool.name}`]), /is paused: set spec\.paused to false to go on/u);
    assert.match(await varve(['resume', pool.name]), /is resumed/u);
    const third = await settled((name) => name !== first.configuration && name !== second.configuration);
    assert.equal((await images()).length, 3);
    assert.equal(third.number, 3);
    assert.match(await varve(['rollback', pool.name, '--undo']), /is not rolled back/u);
    assert.deepEqual(lab.violations, []);
  });
});
