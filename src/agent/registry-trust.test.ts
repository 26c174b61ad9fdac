import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { writeRegistryTrust } from './registry-trust.ts';
import { TestFiles } from './test-files.ts';

const skip = process.getuid?.() === 0 ? false : 'not root';

test(
  'writeRegistryTrust() writes what is needed beside what the host has, and takes away only its own',
  { skip },
  async (t) => {
    const host = new TestFiles(t);
    const certs = '/etc/containers/certs.d/r.example:5000';
    const drops = '/etc/containers/registries.conf.d';
    host.write(`${certs}/ca.crt`, 'of the image');
    host.write(`${drops}/mirrors.conf`, 'of the image');
    const before = host.list('/etc');
    await writeRegistryTrust(host.root, { authorities: [], plainHttp: [] }, 'r.example:5000');
    assert.deepEqual(host.list('/etc'), before);
    await writeRegistryTrust(host.root, { authorities: ['pem'], plainHttp: ['h.example'] }, 'r.example:5000');
    assert.equal(readdirSync(host.at(certs)).length, 2);
    assert.equal(
      host.show(`${drops}/zz-varve-agent.conf`),
      '644 0:0 [[registry]]\nlocation = "h.example"\ninsecure = true\n',
    );
    await writeRegistryTrust(host.root, { authorities: ['other'], plainHttp: [] }, 'r.example:5000');
    assert.equal(readdirSync(host.at(certs)).length, 2);
    await writeRegistryTrust(host.root, { authorities: [], plainHttp: [] }, 'r.example:5000');
    assert.deepEqual(host.list('/etc'), before);
  },
);
