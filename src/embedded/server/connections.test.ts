import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { Connections, type Connection } from './connections.ts';
import { SERVER_LIMITS } from './server-limits.ts';

class World {
  now = 0;
  readonly connections: Connections = new Connections(
    { ...SERVER_LIMITS, connections: 3, firstRequest: 100, nextRequest: 1000 },
    () => this.now,
  );

  open(): { socket: Socket; connection: Connection } {
    const socket = new Socket();
    const connection = this.connections.accept(socket);
    assert.ok(connection !== undefined);
    return { socket, connection };
  }

  /** One that brought a request, which is answered. */
  used(): { socket: Socket; connection: Connection } {
    const opened = this.open();
    opened.connection.begin();
    opened.connection.end();
    return opened;
  }
}

describe('Connections', () => {
  test('a first request has to come sooner than a next one, and one under way takes its time', () => {
    const world = new World();
    const silent = world.open();
    const used = world.used();
    const busy = world.open();
    busy.connection.begin();
    world.now = 101;
    world.connections.sweep();
    assert.deepEqual(
      [silent, used, busy].map(({ socket }) => socket.destroyed),
      [true, false, false],
    );
    world.now = 1001;
    world.connections.sweep();
    assert.deepEqual(
      [used, busy].map(({ socket }) => socket.destroyed),
      [true, false],
    );
    busy.connection.end();
    world.now = 2000;
    world.connections.sweep();
    assert.ok(!busy.socket.destroyed);
    world.now = 2002;
    world.connections.sweep();
    assert.ok(busy.socket.destroyed);
  });

  test('one that never brought a request makes room for a new one, then one that waits longest', () => {
    const world = new World();
    const used = world.used();
    world.now = 1;
    const silent = world.open();
    world.now = 2;
    const other = world.used();
    world.now = 3;
    const fourth = world.used();
    assert.ok(silent.socket.destroyed);
    assert.ok(!fourth.connection.isSurplus);
    world.open();
    assert.ok(used.socket.destroyed);
    assert.deepEqual(
      [other, fourth].map(({ socket }) => socket.destroyed),
      [false, false],
    );
  });

  test('where all are at work, a new one is surplus, and far too many are closed', () => {
    const world = new World();
    for (let index = 0; index < 3; index++) world.open().connection.begin();
    const surplus = world.open();
    assert.ok(surplus.connection.isSurplus);
    surplus.connection.begin();
    for (let index = 0; index < 63; index++) world.open().connection.begin();
    const socket = new Socket();
    assert.equal(world.connections.accept(socket), undefined);
    assert.ok(socket.destroyed);
  });

  test('a closed one is not counted', async () => {
    const world = new World();
    const { socket } = world.open();
    assert.equal(world.connections.size, 1);
    socket.destroy();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    assert.equal(world.connections.size, 0);
  });
});
