import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyExportOptions, type KeyObject, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import type { BuildMount } from './build-inputs.ts';
import { redaction } from './secret-redaction.ts';
import { SecretSearch } from './secret-search.ts';
import { proxySecrets, secretValues } from './secret-values.ts';

const KEY = String(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
);
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

function mount(path: string, files: Readonly<Record<string, string>>): BuildMount {
  const contents = new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]));
  return { path, files: contents, source: `mount of ${path}` };
}

function valuesOf(path: string, text: string): readonly string[] {
  return secretValues([mount(path, { file: text })]).map(({ value }) => value);
}

describe('secretValues() finds', () => {
  const lines = KEY.split('\n').slice(1, -2);
  const rows: Readonly<Record<string, readonly [string, string, readonly string[]]>> = {
    'the lines of a private key': ['/etc/pki/entitlement', KEY, [lines.join('\n')]],
    'nothing in a certificate': ['/etc/pki/entitlement', CERTIFICATE, []],
    'the key beside a certificate': ['/etc/pki/entitlement', CERTIFICATE + KEY, [lines.join('\n')]],
    'the whole of what nobody knows': ['/etc/pki/entitlement', ' opaque thing\n', ['opaque thing']],
    'nothing in what is too short': ['/etc/pki/entitlement', 'on\n', []],
    'nothing in a public key': ['/etc/apt/keyrings', '\x99\x02binary key of a distribution', []],
    'a private key among public ones': ['/etc/pki/rpm-gpg', KEY, [lines.join('\n')]],
    'passwords of a repository': [
      '/etc/yum.repos.d',
      '[a]\nname=a\n# password = example\nusername=u\npassword = hunter22\nsslverify=1\n',
      ['hunter22'],
    ],
    'passwords in addresses, as they are and decoded': [
      '/etc/apt/sources.list.d',
      'deb https://u:p%40ssword@r.example.com/debian stable main\n',
      ['p%40ssword', 'p@ssword'],
    ],
    'nothing in a repository without any': [
      '/etc/apt/sources.list.d',
      'deb [signed-by=/etc/apt/keyrings/a.gpg] https://r.example.com/debian stable main\n',
      [],
    ],
    'passwords of apt': [
      '/etc/apt/auth.conf.d',
      '# the password required\nmachine r.example.com login u password correct-horse\n',
      ['correct-horse'],
    ],
    'no variables': ['/etc/yum.repos.d', '[a]\npassword=$dnf_password\n', []],
    'the password of a proxy of subscription-manager': [
      '/run/secrets/rhsm',
      '[server]\nhostname = subscription.example.com\nproxy_password = secret-1\n',
      ['secret-1'],
    ],
  };
  for (const [what, [path, text, values]] of Object.entries(rows))
    test(what, () => assert.deepEqual(valuesOf(path, text), values));

  test('the passwords of proxies', () => {
    const found = proxySecrets({ http_proxy: 'http://u:pass-word@proxy:3128', no_proxy: 'localhost' });
    assert.deepEqual(found, [{ value: 'pass-word', source: 'the proxy in http_proxy' }]);
  });
});

describe('SecretSearch', () => {
  const search = new SecretSearch([
    ...secretValues([
      mount('/etc/pki/entitlement', { key: KEY }),
      mount('/etc/apt/auth.conf.d', { a: 'machine m login u password correct-horse' }),
    ]),
  ]);
  const lines = KEY.split('\n');
  const found: Readonly<Record<string, readonly [string, string | undefined]>> = {
    'a key': [`x${KEY}y`, 'mount of /etc/pki/entitlement'],
    'a key that is indented': [KEY.replaceAll('\n', '\n    '), 'mount of /etc/pki/entitlement'],
    'the first line of a key': [lines[1] ?? '', 'mount of /etc/pki/entitlement'],
    'a key in base64': [Buffer.from(`..${KEY}`).toString('base64'), 'mount of /etc/pki/entitlement'],
    'a key in base64 that is broken into lines': [
      Buffer.from(KEY).toString('base64').replaceAll(/.{76}/g, '$&\n'),
      'mount of /etc/pki/entitlement',
    ],
    'a password': ['{"auth": "correct-horse"}', 'mount of /etc/apt/auth.conf.d'],
    'a password in an authorization': [
      Buffer.from('someone:correct-horse').toString('base64'),
      'mount of /etc/apt/auth.conf.d',
    ],
    'nothing in something else': ['-----BEGIN PRIVATE KEY-----\ncorrect horses\n', undefined],
  };
  for (const [what, [text, source]] of Object.entries(found))
    test(`finds ${what}`, () => assert.equal(search.inText(text), source));

  test('finds what lies across the chunks of a stream', async () => {
    async function* chunks(size: number): AsyncGenerator<Uint8Array, void, undefined> {
      const bytes = Buffer.from(`${'.'.repeat(100)}correct-horse${'.'.repeat(100)}`);
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      await Promise.resolve();
    }
    for (const size of [1, 2, 3, 7, 50, 107, 1000])
      assert.equal(await search.inStream(chunks(size)), 'mount of /etc/apt/auth.conf.d', `${size} bytes`);
  });

  test('takes no other key, token or file of the same kind for a secret', () => {
    const rsa = (): object => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const curve = (): object => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const exported = (key: object, type: string, format = 'pem'): Buffer =>
      Buffer.from((key as KeyObject).export({ type, format } as KeyExportOptions<'pem'>));
    const token = (): Buffer =>
      Buffer.from(`eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.${randomBytes(90).toString('base64url')}`);
    const kinds: readonly (() => Buffer)[] = [
      () => exported(rsa(), 'pkcs8'),
      () => exported(rsa(), 'pkcs1'),
      () => exported(curve(), 'pkcs8'),
      () => exported(curve(), 'sec1'),
      () => exported(rsa(), 'pkcs8', 'der'),
      token,
    ];
    for (const [at, make] of kinds.entries()) {
      const [own, other] = [make(), make()];
      const files = new Map([['file', own]]);
      const one = new SecretSearch(secretValues([{ path: '/etc/pki/entitlement', files, source: 'own' }]));
      assert.equal(one.inText(own.toString('base64')), 'own', `kind ${at}`);
      assert.equal(one.inText(other.toString('base64')), undefined, `kind ${at}`);
      if (at === kinds.length - 2) continue;
      assert.equal(one.inText(own.toString()), 'own', `kind ${at}`);
      assert.equal(one.inText(other.toString()), undefined, `kind ${at}`);
    }
  });

  test('has nothing to look for where there are no secrets', () => {
    const none = new SecretSearch([]);
    assert.equal(none.isEmpty, true);
    assert.equal(none.inText('anything'), undefined);
  });
});

test('a password is found and hidden that has more than ASCII in it', () => {
  const line = 'machine m login u password schlüssel-wörter';
  const secrets = [
    ...secretValues([mount('/etc/apt/auth.conf.d', { a: line })]),
    ...proxySecrets({
      http_proxy: 'http://u:%C3%BCbung-macht@proxy',
      https_proxy: 'http://u:übung-zwei@proxy',
    }),
  ];
  const redact = redaction(secrets);
  const search = new SecretSearch(secrets);
  for (const password of ['schlüssel-wörter', '%C3%BCbung-macht', 'übung-macht', 'übung-zwei']) {
    assert.equal(redact(`it is ${password}.`), 'it is ***.');
    assert.ok(search.inText(`it is ${password}.`) !== undefined, password);
  }
});

test('redaction() takes secrets out of lines, in base64 too, and leaves the rest', () => {
  const redact = redaction(
    secretValues([
      mount('/etc/pki/entitlement', { key: KEY }),
      mount('/etc/apt/auth.conf.d', { a: 'machine m login u password correct-horse' }),
    ]),
  );
  assert.equal(redact('Get:1 http://u:correct-horse@m/debian'), 'Get:1 http://u:***@m/debian');
  assert.equal(redact(KEY.split('\n')[4] ?? ''), '***');
  assert.equal(redact('-----BEGIN PRIVATE KEY-----'), '-----BEGIN PRIVATE KEY-----');
  assert.doesNotMatch(
    redact(`auth=${Buffer.from('u:correct-horse').toString('base64')}`),
    /Y29ycmVjdC1ob3Jz|Y3QtaG9y/,
  );
});
