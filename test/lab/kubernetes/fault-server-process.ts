import { FaultServer } from './fault-server.ts';

/** A FaultServer as a process of its own, which can be frozen: tells its port, puts a node for each line of input. */
const { TEST_KEY: key = '', TEST_CERT: cert = '', TEST_HTTP1: http1 = '' } = process.env;
const server = await FaultServer.start({ key, cert, http1: http1 === '1' });
server.put('first');
process.stdout.write(`${server.port}\n`);
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  for (const name of text.split('\n')) if (name !== '') server.put(name);
});
process.stdin.on('end', () => process.exit(0));
