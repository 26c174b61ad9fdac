import type { Readable } from 'node:stream';

/**
 * The chunks of an answer's body, to its end; whoever leaves before ends the body.
 *
 * Not Node's own iterator of streams, which takes `closed` for the end of what can be read: of an HTTP/2 stream it says that
 * the peers are done with it. An answer that has come whole while this process was busy would be one that broke off.
 *
 * @throws the error of a body that breaks off
 */
export async function* bodyChunks(body: Readable): AsyncGenerator<Buffer, void, void> {
  let wake = (): void => {};
  const tell = (): void => wake();
  for (const event of EVENTS) body.on(event, tell);
  try {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const chunk = body.destroyed ? null : (body.read() as Buffer | null);
      if (chunk !== null) yield chunk;
      else if (body.readableEnded) return;
      else if (body.destroyed) throw body.errored ?? new Error('the answer broke off');
      else await promise;
    }
  } finally {
    for (const event of EVENTS) body.off(event, tell);
    if (!body.readableEnded) body.destroy();
  }
}

const EVENTS = ['readable', 'end', 'error', 'close'] as const;
