import { existsSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Json, Schema } from '../../schema/index.ts';
import type { DocumentedKind, Verb } from './documented-kind.ts';

/** One request that was recorded against a real API server, and its answer. */
export interface Recording {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
}

const FIXTURES = new URL('../../../../shared/fixtures/kubernetes/api.jsonl', import.meta.url);

/** The recordings by id; undefined, with the test skipped, where the fixtures are absent. */
export function recordings(t: TestContext): ReadonlyMap<string, Recording> | undefined {
  if (!existsSync(FIXTURES)) {
    if (process.env['CI'] !== undefined) throw new Error('CI must have the shared fixtures');
    t.skip('the shared fixtures are absent');
    return undefined;
  }
  const lines = readFileSync(FIXTURES, 'utf8').split('\n');
  return new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Recording)
      .map((recording) => [recording.id, recording]),
  );
}

interface DiscoveredGroup {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources: readonly {
      readonly resource: string;
      readonly responseKind: { readonly kind: string };
      readonly scope: string;
      readonly singularResource: string;
      readonly verbs: Verb[];
      readonly shortNames?: string[];
      readonly categories?: string[];
      readonly subresources?: readonly {
        readonly subresource: string;
        readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
        readonly verbs: Verb[];
      }[];
    }[];
  }[];
}

/** The kinds of which a recorded aggregated discovery document tells. */
export function discoveredKinds(recording: Recording | undefined): DocumentedKind[] {
  const body = recording?.body as unknown as { readonly items: readonly DiscoveredGroup[] } | undefined;
  return (body?.items ?? []).flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map((resource): DocumentedKind => {
        const group = metadata.name ?? '';
        return {
          group,
          version,
          kind: resource.responseKind.kind,
          plural: resource.resource,
          singular: resource.singularResource,
          namespaced: resource.scope === 'Namespaced',
          verbs: resource.verbs,
          shortNames: resource.shortNames ?? [],
          categories: resource.categories ?? [],
          subresources: (resource.subresources ?? []).map((each) => ({
            name: each.subresource,
            verbs: each.verbs,
            responseKind:
              each.responseKind.version === ''
                ? { group, version, kind: each.responseKind.kind }
                : each.responseKind,
          })),
        };
      }),
    ),
  );
}

const ALL: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
const STATUS: readonly Verb[] = ['get', 'patch', 'update'];

const POD = { group: '', version: 'v1', kind: 'Pod' };
const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' };
const GADGET = { group: 'lab.example.com', version: 'v1', kind: 'Gadget' };

const GADGET_SCHEMA: Schema = {
  type: 'object',
  description: 'A gadget.',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', nullable: true, default: 1 },
        port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
        config: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: {} },
      },
    },
  },
};

/** Two built-in kinds, a review, and a custom kind. */
export const TEST_KINDS: readonly DocumentedKind[] = [
  {
    ...GADGET,
    plural: 'gadgets',
    singular: 'gadget',
    namespaced: true,
    custom: true,
    verbs: ALL,
    schema: GADGET_SCHEMA,
    subresources: [
      { name: 'scale', responseKind: SCALE, verbs: STATUS },
      { name: 'status', responseKind: GADGET, verbs: STATUS },
    ],
  },
  {
    ...POD,
    plural: 'pods',
    singular: 'pod',
    namespaced: true,
    verbs: ALL,
    shortNames: ['po'],
    categories: ['all'],
    subresources: [
      { name: 'status', responseKind: POD, verbs: STATUS },
      {
        name: 'eviction',
        responseKind: { group: 'policy', version: 'v1', kind: 'Eviction' },
        verbs: ['create'],
      },
      { name: 'log', responseKind: { ...POD, kind: 'PodLogOptions' }, verbs: ['get'] },
    ],
  },
  {
    ...DEPLOYMENT,
    plural: 'deployments',
    singular: 'deployment',
    namespaced: true,
    verbs: ALL,
    subresources: [{ name: 'scale', responseKind: SCALE, verbs: STATUS }],
  },
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenReview',
    plural: 'tokenreviews',
    singular: 'tokenreview',
    namespaced: false,
    verbs: ['create'],
  },
];
