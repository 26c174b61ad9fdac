import assert from 'node:assert/strict';
import test from 'node:test';
import { aggregatedDiscovery } from './aggregated-discovery.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery.ts';
import { discoveredKinds, recordings, TEST_KINDS } from './test-kinds.ts';

test('discovery documents are those of a real API server that serves the same kinds', (t) => {
  const recorded = recordings(t);
  if (recorded === undefined) return;
  const core = discoveredKinds(recorded.get('disc-agg-api'));
  const others = discoveredKinds(recorded.get('disc-agg-apis'));
  // In any order: the documents have an order of their own. Groups that this server will never have come last there.
  const kinds = [...core, ...others].toReversed();
  const known = others.filter(({ group }) => !/^(node|discovery|resource|flowcontrol)\./.test(group));
  const groups = recorded.get('disc-apis-legacy')?.body as { groups: { name: string }[] };
  const foreign = new Set(others.filter((kind) => !known.includes(kind)).map((kind) => kind.group));

  assert.deepEqual(apiResourceList(kinds, '', 'v1'), recorded.get('disc-core-v1')?.body);
  assert.deepEqual(apiResourceList(kinds, 'apps', 'v1'), recorded.get('disc-apps-v1')?.body);
  assert.deepEqual(apiGroup(kinds, 'apps'), recorded.get('disc-group')?.body);
  assert.deepEqual(apiGroupList(known.toReversed()), {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.groups.filter(({ name }) => !foreign.has(name)),
  });
  assert.deepEqual(apiVersions('127.0.0.1:16443'), recorded.get('disc-api-legacy')?.body);
  assert.deepEqual(aggregatedDiscovery(kinds, true), recorded.get('disc-agg-api')?.body);
  const aggregated = recorded.get('disc-agg-apis')?.body as { items: { metadata: { name: string } }[] };
  assert.deepEqual(aggregatedDiscovery(known.toReversed(), false), {
    ...aggregated,
    items: aggregated.items.filter(({ metadata }) => !foreign.has(metadata.name)),
  });
});

test('a custom kind tells its group and version, and lists its status before its scale', () => {
  const { items } = aggregatedDiscovery(TEST_KINDS, false) as unknown as {
    items: { metadata: { name: string }; versions: { resources: object[] }[] }[];
  };
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['apps', 'authentication.k8s.io', 'lab.example.com'],
  );
  const own = { group: 'lab.example.com', version: 'v1', kind: 'Gadget' };
  const verbs = ['get', 'patch', 'update'];
  assert.deepEqual(items[2]!.versions[0]!.resources[0], {
    resource: 'gadgets',
    responseKind: own,
    scope: 'Namespaced',
    singularResource: 'gadget',
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { subresource: 'status', responseKind: own, verbs },
      {
        subresource: 'scale',
        responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
        verbs,
      },
    ],
  });
});

test('what is not served has no document', () => {
  assert.equal(apiGroup(TEST_KINDS, 'nope.example.com'), undefined);
  assert.equal(apiGroup(TEST_KINDS, ''), undefined);
  assert.equal(apiResourceList(TEST_KINDS, 'apps', 'v9'), undefined);
});
