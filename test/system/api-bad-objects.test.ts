import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { at, type ApiResponse } from '../lab/api-client.ts';
import {
  NAMESPACE,
  type BadObject,
  type BadObjects,
  type Cause,
  type Refusal,
  type Request,
} from '../lab/bad-objects/bad-object.ts';
import { badCoreObjects } from '../lab/bad-objects/core.ts';
import { badDefinitions } from '../lab/bad-objects/definitions.ts';
import { badMachineConfigs } from '../lab/bad-objects/machine-configs.ts';
import { badMachineConfigurations } from '../lab/bad-objects/machine-configuration.ts';
import { badMetadata } from '../lab/bad-objects/metadata.ts';
import { badPods } from '../lab/bad-objects/pods.ts';
import { badRoles } from '../lab/bad-objects/roles.ts';
import { badTransitions } from '../lab/bad-objects/transitions.ts';
import { badOnTheWire } from '../lab/bad-objects/wire.ts';
import { badWorkloads } from '../lab/bad-objects/workloads.ts';
import { openControlPlane, type LabControlPlane } from '../lab/control-plane.ts';
import { until } from '../lab/until.ts';

const TABLES: Readonly<Record<string, BadObjects>> = {
  'bad metadata': badMetadata,
  'bad on the wire': badOnTheWire,
  'bad core objects': badCoreObjects,
  'bad pods': badPods,
  'bad workloads': badWorkloads,
  'bad roles': badRoles,
  'bad definitions': badDefinitions,
  'bad machine configs': badMachineConfigs,
  'bad machine configurations': badMachineConfigurations,
  'bad transitions': badTransitions,
};

describe('bad objects', () => {
  let lab: LabControlPlane;

  before(async () => {
    lab = await openControlPlane();
    await lab.admin.post('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    // A pod needs the service account that comes after its namespace.
    const account = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`;
    await until('the service account is there', async () => (await lab.admin.get(account)).status === 200);
  });
  after(() => lab.close());

  const send = ({ method, path, body, contentType }: Request): Promise<ApiResponse> =>
    lab.admin.request(method, path, { body, contentType });

  async function check({ given, when, refusal }: BadObject): Promise<void> {
    for (const request of given) {
      const { status, text } = await send(request);
      assert.ok(status < 300, `${request.method} ${request.path}: ${status} ${text}`);
    }
    const version = await versionOf(when);
    compare(await send(when), refusal);
    assert.equal(await versionOf(when), version, 'something was written');
  }

  /** The resourceVersion of the object that a request would change; of a create, whether there is one. */
  async function versionOf({ method, path, body }: Request): Promise<unknown> {
    const [url = ''] = path.split('?');
    const target = method === 'POST' ? `${url}/${String(at(body, 'metadata.name'))}` : url;
    return at((await lab.admin.get(target)).body, 'metadata.resourceVersion');
  }

  for (const [title, table] of Object.entries(TABLES)) {
    describe(title, () => {
      for (const [name, row] of Object.entries(table)) test(name, () => check(row));
    });
  }

  test('there are enough of them', (t) => {
    const count = Object.values(TABLES).reduce((sum, table) => sum + Object.keys(table).length, 0);
    t.diagnostic(`${count} bad objects refused`);
    assert.ok(count >= 250, String(count));
  });
});

function compare({ status, body, text }: ApiResponse, expected: Refusal): void {
  assert.equal(status, expected.status, text);
  assert.equal(at(body, 'kind'), 'Status');
  assert.equal(at(body, 'status'), 'Failure');
  assert.equal(at(body, 'code'), expected.status);
  assert.equal(at(body, 'reason'), expected.reason, text);
  const message = String(at(body, 'message'));
  const { causes } = expected;
  if (causes !== undefined) {
    const given = (at(body, 'details.causes') ?? []) as { field: string; message: string; reason: string }[];
    const pairs = given.map(({ field, message: detail }): Cause => [field, detail]);
    // Go walks over the members of a custom object in any order.
    const ordered = (list: readonly Cause[]): string[] => list.map((cause) => cause.join(': ')).sort();
    assert.deepEqual(ordered(pairs), ordered(causes));
    assert.equal(message, messageOf(expected, pairs));
    for (const cause of given) assert.equal(cause.reason, reasonOf(cause.message), cause.message);
  } else if (typeof expected.message === 'string') assert.equal(message, expected.message);
  else assert.match(message, expected.message);
  if (expected.details !== undefined) {
    const { causes: _, ...details } = (at(body, 'details') ?? {}) as Record<string, unknown>;
    const { causes: named, ...wanted } = expected.details;
    assert.deepEqual(details, wanted);
    if (named !== undefined) assert.deepEqual(at(body, 'details.causes'), named);
  }
}

/** The message with the causes in the order in which they came. */
function messageOf({ message }: Refusal, causes: readonly Cause[]): string {
  const head = /^.*? is invalid: /s.exec(String(message))?.[0] ?? '';
  // An aggregate says the same thing once.
  const texts = [...new Set(causes.map((cause) => cause.join(': ')))];
  return texts.length === 1 ? `${head}${texts[0] ?? ''}` : `${head}[${texts.join(', ')}]`;
}

/** k8s.io/apimachinery/pkg/util/validation/field: what an error's text begins with says its type. */
function reasonOf(message: string): string {
  if (/^Invalid value: "\w+": \S+ in body must be of type [a-z,-]+: "\w+"$/.test(message))
    return 'FieldValueTypeInvalid';
  const reasons = {
    'Required value': 'FieldValueRequired',
    'Invalid value': 'FieldValueInvalid',
    'Unsupported value': 'FieldValueNotSupported',
    'Duplicate value': 'FieldValueDuplicate',
    Forbidden: 'FieldValueForbidden',
    'Too long': 'FieldValueTooLong',
    'Too many': 'FieldValueTooMany',
    'Not found': 'FieldValueNotFound',
  };
  return Object.entries(reasons).find(([start]) => message.startsWith(start))?.[1] ?? '';
}
