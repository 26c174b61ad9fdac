// Watches a kind with some clients and says how long after its writing each change came, in a process of its own.
import { ApiClient, readKubeconfig } from '../../test/lab/faults/api-client.ts';
import { Times } from './quantiles.ts';

const [kubeconfig = '', path = '', count = '20'] = process.argv.slice(2);
const MARK = Buffer.from('"bench-sent":"');
const BOOKMARK = Buffer.from('{"type":"BOOKMARK"');
const connection = readKubeconfig(kubeconfig);
const delays = new Times();
const seen: number[] = [];
let slow = 0;

await Promise.all(Array.from({ length: Number(count) }, (_, index) => watch(index)));
delays.clear();
slow = 0;
seen.fill(0);
process.on('message', () => {
  process.send?.({
    seen,
    p50: delays.at(0.5),
    p99: delays.at(0.99),
    max: delays.at(1),
    inTime: delays.count === 0 ? 0 : 1 - slow / delays.count,
  });
});
process.send?.('ready');

/** Resolves when the objects that were there before are all seen: a bookmark follows them. */
async function watch(index: number): Promise<void> {
  const client = new ApiClient(connection);
  let rest: Buffer = Buffer.alloc(0);
  seen.push(0);
  await new Promise<void>((resolve) => {
    client.watch(`${path}?watch=1&allowWatchBookmarks=true`, (chunk) => {
      const now = performance.timeOrigin + performance.now();
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, from)) {
        if (note(index, data.subarray(from, end), now)) resolve();
        from = end + 1;
      }
      rest = data.subarray(from);
    });
  });
}

/** @returns true for a bookmark */
function note(index: number, line: Buffer, now: number): boolean {
  const at = line.indexOf(MARK);
  if (at < 0) return line.subarray(0, BOOKMARK.length).equals(BOOKMARK);
  const start = at + MARK.length;
  const delay = now - Number(line.toString('latin1', start, line.indexOf(34, start)));
  delays.add(delay);
  if (delay > 50) slow++;
  seen[index] = (seen[index] ?? 0) + 1;
  return false;
}
