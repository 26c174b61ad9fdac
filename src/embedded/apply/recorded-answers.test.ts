import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { load } from 'js-yaml';

import {
  copyObject,
  equalJson,
  isJsonObject,
  type Json,
  type JsonObject,
  type Schema,
} from '../../schema/index.ts';
import { builtInSchema, definedSchema } from '../documents/index.ts';
import { managedFieldsOf, restoreManagedTimes, setManagedFields } from './managed-fields.ts';
import { updateManagedFields } from './managed-fields-update.ts';
import { serverSideApply } from './server-side-apply.ts';

const FIXTURES = new URL('../../../../shared/fixtures/', import.meta.url);

interface Recorded {
  readonly id: string;
  readonly status: number;
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Json;
  };
  readonly body?: Json;
}

/** Where the recorded entries come from what this part does not see, with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'ns-create': "the strategy adds the namespace's finalizer afterwards",
  'node-create': 'admission adds a taint afterwards',
  'node-main-status-ignored': 'writes to /status before it were not recorded',
  'pod-create': 'admission adds the token volume, priority and tolerations afterwards',
  'pod-create2': 'admission adds the token volume, priority and tolerations afterwards',
  'pod-create3': 'admission adds the token volume, priority and tolerations afterwards',
  'sa-token': 'the audiences are chosen afterwards',
  'job-create': 'the strategy adds labels and selector afterwards',
};

test('managedFields of recorded answers are computed from their objects', (t) => {
  if (!existsSync(FIXTURES)) return t.skip('no ../shared/fixtures');
  const latest = new Map<string, JsonObject>();
  const crds = customSchemas();
  const wrong: string[] = [];
  let compared = 0;
  for (const { id, status, request, body } of recorded()) {
    if (request === undefined || !isJsonObject(body) || status >= 300) continue;
    if (id.startsWith('crd-create')) addCustom(crds, body);
    const entries = managedFieldsOf(body);
    const url = new URL(request.path, 'http://server');
    const [, subresource = ''] = /\/(status|scale|token)$/.exec(url.pathname) ?? [];
    const name = (body['metadata'] as JsonObject | undefined)?.['name'] as string | undefined;
    const key = `${body['kind'] as string}/${url.searchParams.has('dryRun') ? 'dry' : name}`;
    const live = latest.get(key);
    if (entries === undefined && live === undefined) continue;
    if (isWrite(request.method)) {
      const computed = recompute(
        request,
        body,
        subresource,
        request.method === 'POST' ? undefined : live,
        crds,
      );
      if (computed !== undefined) {
        compared++;
        if (!equalJson(timeless(computed), timeless(entries ?? []))) {
          wrong.push(id);
          if (!(id in ELSEWHERE)) {
            t.diagnostic(`${id}: ${JSON.stringify(timeless(computed))}`);
            t.diagnostic(`${' '.repeat(id.length)}≠ ${JSON.stringify(timeless(entries ?? []))}`);
          }
        }
      }
    }
    if (!url.searchParams.has('dryRun')) latest.set(key, body);
  }
  t.diagnostic(`${compared - wrong.length} of ${compared} agree`);
  for (const id of wrong) t.diagnostic(`${id}: ${ELSEWHERE[id] ?? 'unexplained'}`);
  assert.deepEqual(wrong, Object.keys(ELSEWHERE));
});

function recompute(
  request: NonNullable<Recorded['request']>,
  answer: JsonObject,
  subresource: string,
  live: JsonObject | undefined,
  crds: ReadonlyMap<string, Schema>,
): Json | undefined {
  if (request.method !== 'POST' && live === undefined && request.method !== 'PUT') {
    if (!isApply(request)) return undefined;
  }
  const apiVersion = answer['apiVersion'] as string;
  const kind = answer['kind'] as string;
  const custom = crds.get(`${apiVersion}/${kind}`);
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  let schema: Schema;
  try {
    schema = custom ?? builtInSchema(group, version, kind);
  } catch {
    return undefined;
  }
  const entries = managedFieldsOf(answer);
  const manager = managerOf(request);
  const common = {
    schema,
    live,
    custom: custom !== undefined,
    manager,
    apiVersion,
    subresource,
    now: newestTime(entries),
    resetFields:
      custom === undefined || hasStatus(custom) ? resetFields(subresource, custom !== undefined) : [],
  };
  if (isApply(request)) {
    const outcome = serverSideApply({ ...common, applied: request.body as JsonObject, force: true });
    assert.equal(outcome.kind, 'applied');
    if (outcome.kind === 'applied') return managedFieldsOf(outcome.object) ?? [];
  }
  const next = copyObject(answer);
  const sent = isJsonObject(request.body) ? managedFieldsOf(request.body) : undefined;
  setManagedFields(
    next,
    sent ?? (JSON.stringify(request.body).includes('/metadata/managedFields') ? [{}] : undefined),
  );
  updateManagedFields({ ...common, next });
  if (live !== undefined) restoreManagedTimes(live, next);
  assert.ok(entries === undefined || Array.isArray(entries));
  return managedFieldsOf(next) ?? [];
}

/** A CR's /status writes nothing but status; a built-in's, by its strategy, all but spec. */
function resetFields(subresource: string, custom: boolean): string[][] {
  if (subresource !== 'status') return [['status']];
  return custom ? [['metadata'], ['spec']] : [['spec']];
}

function newestTime(entries: Json | undefined): number {
  const times = Array.isArray(entries)
    ? entries.map((entry) => (isJsonObject(entry) ? entry['time'] : ''))
    : [];
  return Math.max(0, ...times.map((time) => Date.parse(time as string)));
}

function hasStatus(schema: Schema): boolean {
  return schema.properties?.['status'] !== undefined;
}

function isWrite(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

function isApply({ headers }: NonNullable<Recorded['request']>): boolean {
  return headers?.['Content-Type'] === 'application/apply-patch+yaml';
}

function managerOf({ path, headers }: NonNullable<Recorded['request']>): string {
  const named = new URL(path, 'http://server').searchParams.get('fieldManager');
  return named ?? (headers?.['User-Agent'] ?? 'curl/8').split('/', 1)[0] ?? '';
}

function timeless(entries: Json): Json {
  if (!Array.isArray(entries)) return entries;
  return entries.map((entry) => (isJsonObject(entry) ? { ...entry, time: null } : entry));
}

function recorded(): Recorded[] {
  return ['api', 'crds'].flatMap((file) =>
    readFileSync(new URL(`kubernetes/${file}.jsonl`, FIXTURES), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Recorded),
  );
}

function customSchemas(): Map<string, Schema> {
  const schemas = new Map<string, Schema>();
  const folder = new URL('crds/', FIXTURES);
  for (const file of readdirSync(folder)) {
    if (file.endsWith('.yaml'))
      addCustom(schemas, load(readFileSync(new URL(file, folder), 'utf8')) as JsonObject);
  }
  return schemas;
}

function addCustom(schemas: Map<string, Schema>, crd: JsonObject): void {
  const spec = crd['spec'] as unknown as {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly subresources?: { readonly status?: object };
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
  for (const version of spec.versions) {
    const { properties, ...rest } = version.schema.openAPIV3Schema;
    const { status, ...others } = properties ?? {};
    const own =
      version.subresources?.status === undefined ? others : { ...others, ...(status && { status }) };
    const metadata = definedSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
    const text: Schema = { type: 'string' };
    schemas.set(`${spec.group}/${version.name}/${spec.names.kind}`, {
      ...rest,
      properties: { ...own, apiVersion: text, kind: text, metadata },
    });
  }
}
