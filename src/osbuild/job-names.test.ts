import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dns1123SubdomainProblems, labelValueProblems } from '../schema/index.ts';
import { jobNames, labelValue } from './job-names.ts';

const HASH = '699e6be74658adcb3ff2b48f32cd1584';

test('jobNames() are the contract’s for amd64; those of another architecture say which', () => {
  const names = jobNames(`worker-${HASH}`, 'amd64');
  assert.equal(names.job, `build-worker-${HASH}`);
  assert.equal(names.containerfile, `containerfile-worker-${HASH}`);
  assert.equal(names.authorities, `additionaltrustbundle-worker-${HASH}`);
  assert.equal(names.policy, `etc-policy-worker-${HASH}`);
  assert.equal(names.registries, `etc-registries-worker-${HASH}`);
  assert.equal(names.pull, `base-worker-${HASH}`);
  assert.equal(names.push, `final-worker-${HASH}`);
  assert.equal(names.digest, `digest-worker-${HASH}`);
  assert.equal(names.mount('/etc/pki/entitlement'), `etc-pki-entitlement-worker-${HASH}`);
  assert.equal(jobNames(`worker-${HASH}`, 'arm64').job, `build-worker-${HASH}-arm64`);
});

test('jobNames() are legal and different for every MachineOSBuild, however long its name is', () => {
  const build = fc
    .tuple(
      fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,45}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,40}[a-z0-9])?)?$/),
      fc.stringMatching(/^[0-9a-f]{32}$/),
    )
    .map(([name, hash]) => `${name}-${hash}`);
  fc.assert(
    fc.property(build, build, (one, other) => {
      fc.pre(one !== other);
      const names = jobNames(one, 'amd64');
      assert.ok(names.job.length <= 63);
      assert.deepEqual(labelValueProblems(names.job), []);
      assert.deepEqual(labelValueProblems(labelValue(one)), []);
      for (const name of [names.job, names.authorities, names.mount('/etc/yum.repos.d')]) {
        assert.deepEqual(dns1123SubdomainProblems(name), []);
      }
      // As the API generates the names of pods.
      assert.ok(`${names.pods}x7k2p`.length <= 63);
      assert.ok(`${names.job}-`.startsWith(names.pods));
      assert.notEqual(names.job, jobNames(other, 'amd64').job);
      assert.notEqual(names.job, jobNames(one, 's390x').job);
    }),
  );
});
