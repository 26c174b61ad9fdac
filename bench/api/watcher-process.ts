// Watches a kind with some clients and says how long after its writing each change came, in a process of its own.
import { readKubeconfig } from '../../test/lab/faults/api-client.ts';
import { EventReader } from './event-reader.ts';
import { Times } from './quantiles.ts';

const [kubeconfig = '', path = '', count = '20'] = process.argv.slice(2);
const MARK = Buffer.from('"bench-sent":"');
const BOOKMARK = Buffer.from('{"type":"BOOKMARK"');
const connection = readKubeconfig(kubeconfig);
const delays = new Times();
const seen: number[] = [];
let slow = 0;

await Promise.all(Array.from({ length: Number(count) }, (_, index) => watch(index)));
begin();
process.on('message', (message) => {
  if (message === 'begin') begin();
  process.send?.({
    seen,
    p50: delays.at(0.5),
    p99: delays.at(0.99),
    max: delays.at(1),
    inTime: delays.count === 0 ? 0 : 1 - slow / delays.count,
  });
});
process.send?.('ready');

/** Forgets what came before. */
function begin(): void {
  delays.clear();
  slow = 0;
  seen.fill(0);
}

/** Resolves when the objects that were there before are all seen: a bookmark follows them. */
async function watch(index: number): Promise<void> {
  seen.push(0);
  await new Promise<void>((resolve) => {
    const reader = new EventReader(connection, `${path}?watch=1&allowWatchBookmarks=true`, (line, now) => {
      if (note(index, line, performance.timeOrigin + now)) resolve();
    });
    reader.begin();
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
