import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StatusError } from '../status/index.ts';
import { negotiate } from './negotiation.ts';

const LIST = { isList: true, goType: '*core.ConfigMapList' };
const ONE = { isList: false, goType: '*core.ConfigMap' };
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('negotiate()', () => {
  const accepted: Readonly<Record<string, string>> = {
    '': 'json object',
    '*/*': 'json object',
    'application/*': 'json object',
    'application/json': 'json object',
    'Application/JSON': 'json object',
    'application/yaml': 'yaml object',
    'application/vnd.kubernetes.protobuf, application/json': 'json object',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8': 'json object',
    'application/json;q=0.5, application/yaml': 'yaml object',
    'application/json;q=x, application/yaml': 'json object',
    [`${TABLE},application/json`]: 'json table',
    [`application/json;as=Table;v=v1beta1;g=meta.k8s.io`]: 'json table',
    'application/json;as=Table;v=v2;g=meta.k8s.io,application/json': 'json object',
    'application/json;as=Table;v=v1;g=other,application/json': 'json object',
    'application/yaml;as=Table;v=v1;g=meta.k8s.io': 'yaml table',
    'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io': 'json metadata',
  };
  for (const [accept, expected] of Object.entries(accepted)) {
    test(`${accept === '' ? 'nothing' : accept} → ${expected}`, () => {
      const { encoding, as } = negotiate(accept === '' ? undefined : accept, ONE);
      assert.equal(`${encoding} ${as}`, expected);
    });
  }

  test('lists have a form of metadata of their own', () => {
    const list = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    assert.equal(negotiate(list, LIST).as, 'metadata');
    assert.throws(() => negotiate(list, ONE), {
      code: 406,
      message:
        'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
    });
    assert.throws(() => negotiate(list.replace('List', ''), LIST), { code: 406 });
  });

  for (const accept of [
    'text/plain',
    'application/vnd.kubernetes.protobuf',
    'application/json;as=Table;v=v2;g=meta.k8s.io',
  ]) {
    test(`refuses ${accept}`, () => assert.throws(() => negotiate(accept, ONE), { code: 406 }));
  }

  test('reads any header, or refuses it', () => {
    const part = fc.constantFrom(
      'application/json',
      ';',
      ',',
      'q=',
      'as=Table',
      'v=v1',
      'g=meta.k8s.io',
      '=',
      '*/*',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        try {
          negotiate(parts.join(''), ONE);
        } catch (error) {
          assert.ok(error instanceof StatusError && error.code === 406);
        }
      }),
    );
  });
});
