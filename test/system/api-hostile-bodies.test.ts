import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import type { Answer } from '../lab/faults/api-client.ts';
import { AttackedPlane } from '../lab/faults/attacked-plane.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const HOSTILE = '/apis/hostile.example/v1/hostiles';
const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
const APPLY_TYPE = 'application/apply-patch+yaml';
const PATCH_TYPES = [
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/json-patch+json',
  APPLY_TYPE,
];

let plane: AttackedPlane;
before(async () => {
  plane = await AttackedPlane.start();
  const made = await plane.request('POST', CONFIG_MAPS, JSON.stringify({ metadata: { name: 'victim' } }));
  assert.equal(made.status, 201);
});
after(() => plane.stop());

/** Sends a body as a create, and as each kind of patch. */
async function everywhere(body: string | Uint8Array, createType = JSON_TYPE): Promise<Answer[]> {
  const answers = [await plane.request('POST', CONFIG_MAPS, body, createType)];
  for (const type of PATCH_TYPES) {
    const query = type === APPLY_TYPE ? '?fieldManager=test' : '';
    answers.push(await plane.request('PATCH', `${CONFIG_MAPS}/victim${query}`, body, type));
  }
  return answers;
}

function assertRefused(answers: readonly Answer[], what: string): void {
  for (const { status, body } of answers) {
    const text = body.toString();
    assert.ok(status >= 400 && status < 500, `${what}: ${status} ${text.slice(0, 300)}`);
    assert.ok(text.length < 100_000, `${what}: an answer of ${text.length} characters`);
    const { kind, message } = JSON.parse(text) as { kind: string; message: string };
    assert.equal(kind, 'Status', what);
    assert.ok(message.length > 0, what);
  }
}

describe('bodies that cannot be read', () => {
  const broken: Readonly<Record<string, string | Uint8Array>> = {
    'half an object': '{"metadata":{"name":"x"',
    'two objects': '{} {}',
    'a comma too many': '{"data":{"a":"b",}}',
    'single quotes': "{'data':1}",
    NaN: '{"data":NaN}',
    'a control character': '{"data":{"a":"\u0001"}}',
    'half a surrogate': Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]),
    'invalid UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    'UTF-16': Buffer.from('{"data":{}}', 'utf16le'),
    'a gzip of JSON': gzipSync('{"metadata":{"name":"x"}}'),
    'a gzip of 1 GB of zeros': gzipSync(Buffer.alloc(256 * 1024 * 1024)).subarray(0, 300_000),
    zeros: Buffer.alloc(3_000_000),
    noise: randomBytes(1_000_000),
    'a list': '[]',
    'a number': '1e999',
    'a text': '"x"',
    'null bytes in a key': '{"\u0000":1}',
  };
  test('each is refused with 4xx and a Status', async (t) => {
    await plane.endures(t, async () => {
      for (const [name, body] of Object.entries(broken)) {
        const answers = await everywhere(body);
        // A list may be a JSON patch, an empty one at that.
        assertRefused(name === 'a list' ? answers.filter((_, index) => index !== 3) : answers, name);
      }
    });
  });

  test('nothing at all', async () => {
    assertRefused([await plane.request('POST', CONFIG_MAPS, '')], 'an empty body');
  });
});

describe('bodies that are too deep, too wide or too long', () => {
  const deep = (open: string, inner: string, close: string, depth: number): string =>
    open.repeat(depth) + inner + close.repeat(depth);
  const cases: Readonly<Record<string, string>> = {
    '100,000 brackets': deep('[', '', ']', 100_000),
    '100,000 braces': deep('{"a":', '1', '}', 100_000),
    '100,000 brackets below data': `{"data":${deep('[', '', ']', 100_000)}}`,
    '100,000 brackets that are never closed': '['.repeat(100_000),
    '1,000 braces below metadata': `{"metadata":${deep('{"a":', '1', '}', 1000)}}`,
    'a number of 1 MB': `{"data":${'9'.repeat(1_000_000)}}`,
    'a text of 2.9 MB': `{"metadata":{"name":"${'x'.repeat(2_900_000)}"}}`,
    '300,000 unknown keys': `{"data":[${'0,'.repeat(10)}0],${Array.from({ length: 300_000 }, (_, key) => `"k${key}":0`).join(',')}}`,
    '150,000 labels': `{"metadata":{"labels":{${Array.from({ length: 150_000 }, (_, key) => `"k ${key}":"?"`).join(',')}}}}`,
    '45,000 labels': `{"metadata":{"labels":{${Array.from({ length: 45_000 }, (_, key) => `"k ${key}":"?"`).join(',')}}}}`,
    'the same key 300,000 times': `{"data":[],${Array<string>(300_000).fill('"k":0').join(',')}}`,
  };
  for (const [name, body] of Object.entries(cases)) {
    test(`${name}: refused`, async (t) => {
      await plane.endures(t, async () => assertRefused(await everywhere(body), name));
    });
  }

  test('what is deep where depth is allowed is stored, or refused', async (t) => {
    await plane.endures(
      t,
      async () => {
        const definition = {
          metadata: { name: 'anythings.hostile.example' },
          spec: {
            group: 'hostile.example',
            scope: 'Cluster',
            names: { plural: 'anythings', kind: 'Anything' },
            versions: [
              {
                name: 'v1',
                served: true,
                storage: true,
                schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
              },
            ],
          },
        };
        assert.equal((await plane.request('POST', DEFINITIONS, JSON.stringify(definition))).status, 201);
        const path = '/apis/hostile.example/v1/anythings';
        const head = '{"apiVersion":"hostile.example/v1","kind":"Anything","metadata":';
        for (const depth of [100, 400, 499, 600, 5000, 100_000]) {
          const body = `${head}{"name":"d${depth}"},"a":${deep('{"a":', '1', '}', depth)}}`;
          const created = await plane.request('POST', path, body);
          assert.ok([201, 400, 413].includes(created.status), `${depth}: ${created.status}`);
          const applied = await plane.request(
            'PATCH',
            `${path}/e${depth}?fieldManager=test`,
            body.replace(`"d${depth}"`, `"e${depth}"`),
            APPLY_TYPE,
          );
          assert.ok([201, 400, 413].includes(applied.status), `${depth}: ${applied.status}`);
        }
        const wide = `${head}{"name":"wide"},${Array.from({ length: 20_000 }, (_, key) => `"k${key}":{"a":0}`).join(',')}}`;
        const { status } = await plane.request('POST', path, wide);
        assert.ok(status === 201 || (status >= 400 && status < 500), String(status));
        assert.equal((await plane.request('GET', path)).status, 200);
      },
      700e6,
    );
  });
});

describe('names that mean something to JavaScript', () => {
  test('__proto__, constructor and the like are data like any other', async () => {
    const data = '{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h","valueOf":"v"}';
    const body = `{"metadata":{"name":"odd-names","labels":{"constructor":"c","__proto__.example/x":"y"}},"data":${data}}`;
    const created = await plane.request('POST', CONFIG_MAPS, body);
    assert.equal(created.status, 422, 'no label begins with an underscore');
    const fine = body.replace('__proto__.example', 'proto.example');
    assert.equal((await plane.request('POST', CONFIG_MAPS, fine)).status, 201);
    const read = await plane.request('GET', `${CONFIG_MAPS}/odd-names`);
    assert.ok(read.body.toString().includes(`"data":{"__proto__":"p","constructor":"c"`));
    for (const type of PATCH_TYPES.filter((type) => !type.includes('json-patch'))) {
      const query = type === APPLY_TYPE ? '?fieldManager=test&force=true' : '';
      const patch = `{"apiVersion":"v1","kind":"ConfigMap","data":{"__proto__":"${type.length}"}}`;
      const patched = await plane.request('PATCH', `${CONFIG_MAPS}/odd-names${query}`, patch, type);
      assert.equal(patched.status, 200, patched.body.toString());
      assert.ok(patched.body.toString().includes(`"__proto__":"${type.length}"`), type);
    }
    const jsonPatch = '[{"op":"replace","path":"/data/__proto__","value":"j"}]';
    const patched = await plane.request(
      'PATCH',
      `${CONFIG_MAPS}/odd-names`,
      jsonPatch,
      'application/json-patch+json',
    );
    assert.ok([200, 400, 422].includes(patched.status), patched.body.toString());
    const selected = await plane.request('GET', `${CONFIG_MAPS}?labelSelector=constructor%3Dc,!toString`);
    assert.ok(selected.body.toString().includes('"name":"odd-names"'));
    for (const path of [
      '/apis/__proto__/v1/x',
      '/api/v1/__proto__',
      '/api/v1/namespaces/__proto__/constructor/x',
    ])
      assert.equal((await plane.request('GET', path)).status, 404);
    for (const key of ['__proto__', 'constructor', 'toString'])
      assertRefused(
        [await plane.request('POST', CONFIG_MAPS, `{"${key}":{"polluted":true},"data":[]}`)],
        key,
      );
  });
});

describe('texts that cost more than they look', () => {
  test('patterns, rules and selectors that would backtrack', async (t) => {
    const definition = {
      metadata: { name: 'hostiles.hostile.example' },
      spec: {
        group: 'hostile.example',
        scope: 'Cluster',
        names: { plural: 'hostiles', kind: 'Hostile' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  text: { type: 'string', pattern: '^(a+)+$' },
                  mail: {
                    type: 'string',
                    pattern:
                      '^([a-zA-Z0-9])(([-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$',
                  },
                  rule: {
                    type: 'string',
                    maxLength: 10_000,
                    'x-kubernetes-validations': [{ rule: "self.matches('^(a+)+$')" }],
                  },
                },
              },
            },
          },
        ],
      },
    };
    await plane.endures(t, async () => {
      const created = await plane.request('POST', DEFINITIONS, JSON.stringify(definition));
      assert.equal(created.status, 201, created.body.toString());
      const almost = `${'a'.repeat(9_999)}!`;
      const long = `${'a'.repeat(200_000)}!`;
      for (const [member, value] of [
        ['text', almost],
        ['text', long],
        ['mail', long],
        ['rule', almost],
      ] as const) {
        const body = {
          apiVersion: 'hostile.example/v1',
          kind: 'Hostile',
          metadata: { name: 'x' },
          [member]: value,
        };
        const answer = await plane.request('POST', HOSTILE, JSON.stringify(body));
        assert.equal(answer.status, 422, `${member}: ${answer.body.toString().slice(0, 300)}`);
      }
      const texts = [
        'a'.repeat(15_000),
        `${'a-'.repeat(7000)}!`,
        `a in (${'b,'.repeat(7000)}b)`,
        '('.repeat(15_000),
        `${'!'.repeat(9000)}a`,
      ];
      for (const text of texts) {
        for (const parameter of ['labelSelector', 'fieldSelector']) {
          const path = `${CONFIG_MAPS}?${parameter}=${encodeURIComponent(text)}`;
          const { status } = await plane.request('GET', path);
          assert.ok(status === 200 || status === 400, `${parameter} ${text.slice(0, 20)}: ${status}`);
        }
      }
    });
  });

  test('rules that loop over lists in lists in lists', async (t) => {
    const rule = 'self.all(a, self.all(b, self.all(c, self.all(d, a + b + c + d >= 0))))';
    const definition = (items: object): object => ({
      metadata: { name: 'loops.hostile.example' },
      spec: {
        group: 'hostile.example',
        scope: 'Cluster',
        names: { plural: 'loops', kind: 'Loop' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  numbers: {
                    type: 'array',
                    items: { type: 'integer' },
                    ...items,
                    'x-kubernetes-validations': [{ rule }],
                  },
                },
              },
            },
          },
        ],
      },
    });
    await plane.endures(t, async () => {
      const made = await plane.request('POST', DEFINITIONS, JSON.stringify(definition({ maxItems: 30 })));
      const free = await plane.request('POST', DEFINITIONS, JSON.stringify(definition({})));
      assert.ok(free.status === 422 || free.status === 409, 'without a bound the rule may cost too much');
      if (made.status !== 201) return;
      const body = JSON.stringify({
        apiVersion: 'hostile.example/v1',
        kind: 'Loop',
        metadata: { name: 'x' },
        numbers: Array.from({ length: 30 }, (_, index) => index),
      });
      for (let round = 0; round < 5; round++) {
        const { status } = await plane.request('POST', '/apis/hostile.example/v1/loops', body);
        assert.ok(status === 201 || status === 409 || status === 422);
      }
    });
  });

  test('YAML that grows when it is read', async (t) => {
    const laughs = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 12; level++)
      laughs.push(
        `a${level}: &a${level} [${Array<string>(9)
          .fill(`*a${level - 1}`)
          .join(',')}]`,
      );
    const yamls: Readonly<Record<string, string>> = {
      'a billion laughs': laughs.join('\n'),
      'an anchor in itself': 'a: &a [*a]',
      'merges of merges': `a0: &a0 {x: 1}\n${Array.from({ length: 500 }, (_, index) => `a${index + 1}: &a${index + 1} {<<: [*a${index}, *a${index}]}`).join('\n')}`,
      '50,000 levels of flow': `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
      '5,000 levels of blocks': Array.from({ length: 1500 }, (_, depth) => `${' '.repeat(depth)}a:`).join(
        '\n',
      ),
      '200,000 anchors': Array.from({ length: 100_000 }, (_, index) => `- &a${index} x`).join('\n'),
      'many documents': '---\na: 1\n'.repeat(100_000),
      'a tag': '!!js/function "function () { return 1 }"',
      'a binary': 'data: !!binary "AAAA"\nmetadata: []',
    };
    await plane.endures(t, async () => {
      for (const [name, yaml] of Object.entries(yamls)) {
        const answers = [
          await plane.request('POST', CONFIG_MAPS, yaml, YAML_TYPE),
          await plane.request('PATCH', `${CONFIG_MAPS}/victim?fieldManager=test`, yaml, APPLY_TYPE),
        ];
        assertRefused(answers, name);
      }
    });
  });

  test('protobuf that is none', async (t) => {
    const magic = Buffer.from('k8s\0');
    const nested = (depth: number): Buffer => {
      let message = Buffer.from([0x0a, 0x00]);
      for (let level = 0; level < depth; level++) {
        const length: number[] = [];
        for (let rest = message.length; ; rest >>>= 7) {
          length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
          if (rest <= 0x7f) break;
        }
        message = Buffer.concat([Buffer.from([0x0a, ...length]), message]);
      }
      return message;
    };
    const bodies = [
      Buffer.alloc(0),
      magic,
      Buffer.concat([magic, Buffer.alloc(1_000_000, 0xff)]),
      Buffer.concat([magic, randomBytes(100_000)]),
      Buffer.concat([magic, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f])]),
      Buffer.concat([magic, nested(3000)]),
      ...Array.from({ length: 200 }, () => Buffer.concat([magic, randomBytes(64)])),
    ];
    await plane.endures(t, async () => {
      for (const [index, body] of bodies.entries())
        assertRefused([await plane.request('POST', CONFIG_MAPS, body, PROTOBUF_TYPE)], `body ${index}`);
    });
  });
});

describe('odd paths and queries', () => {
  test('each is answered with 4xx, or as if it were not odd', async (t) => {
    await plane.endures(t, async () => {
      const paths = [
        '/api/v1/namespaces/%ff/configmaps',
        '/api/v1/namespaces/default/configmaps/%',
        '/api/v1/namespaces/default/configmaps/%00',
        '/api/v1/namespaces/default/configmaps/..%2f..%2fsecrets',
        '/api/v1/namespaces/default/configmaps/../secrets',
        '/api/v1/namespaces/default%2fconfigmaps',
        `/api/v1/${'a/'.repeat(10_000)}`,
        '//api/v1/nodes',
        '/api/v1/nodes?limit=1e9',
        '/api/v1/nodes?limit=99999999999999999999',
        '/api/v1/nodes?continue=%ff',
        `/api/v1/nodes?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"\\u0000"}').toString('base64url')}`,
        '/api/v1/nodes?resourceVersion=99999999999999999999',
        '/api/v1/nodes?resourceVersion=-1',
        '/api/v1/nodes?timeoutSeconds=x&watch=1',
        `/api/v1/nodes?${'a=b&'.repeat(10_000)}`,
        '/api/v1/nodes?fieldSelector=%00',
        '/api/v1/nodes?labelSelector=%ff',
        '/openapi/v3/../../etc/passwd',
      ];
      for (const path of paths) {
        const { status } = await plane.request('GET', path);
        assert.ok(status === 200 || (status >= 400 && status < 500), `${path.slice(0, 80)}: ${status}`);
      }
      const hidden = await plane.request('GET', '/api/v1/namespaces/default/configmaps/..%2f..%2fsecrets');
      assert.notEqual(hidden.status, 200);
    });
  });
});
