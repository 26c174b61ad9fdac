// Watches a kind with some clients and says how long after its writing each change came, in a process of its own.
import { ApiClient, readKubeconfig } from './api-client.ts';

const [kubeconfig = '', path = '', count = '20'] = process.argv.slice(2);
const MARK = Buffer.from('"bench-sent":"');
const connection = readKubeconfig(kubeconfig);
const delays: number[] = [];
const seen: number[] = [];

for (let index = 0; index < Number(count); index++) {
  const client = new ApiClient(connection);
  let rest: Buffer = Buffer.alloc(0);
  seen.push(0);
  client.watch(path, (chunk) => {
    const now = performance.timeOrigin + performance.now();
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (;;) {
      const end = data.indexOf(10, from);
      if (end < 0) break;
      const at = data.subarray(from, end).indexOf(MARK);
      if (at >= 0) {
        const start = from + at + MARK.length;
        const sent = Number(data.toString('latin1', start, data.indexOf(34, start)));
        delays.push(now - sent);
        seen[index] = (seen[index] ?? 0) + 1;
      }
      from = end + 1;
    }
    rest = Buffer.from(data.subarray(from));
  });
}

process.on('message', (message) => {
  if (message === 'reset') {
    delays.length = 0;
    seen.fill(0);
    process.send?.('reset');
  }
  if (message === 'report') {
    delays.sort((a, b) => a - b);
    const at = (part: number): number =>
      delays[Math.min(delays.length - 1, Math.floor(delays.length * part))] ?? 0;
    process.send?.({ seen, p50: at(0.5), p99: at(0.99), max: at(1) });
  }
});
process.send?.('ready');
