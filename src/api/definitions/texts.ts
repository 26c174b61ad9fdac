import { isIP } from 'node:net';
import type { Schema } from '../../schema/index.ts';

const SHA256 = '0123456789abcdef'.repeat(4);

/** What a schema may say of a text without a limit to it. */
const LIMITLESS: ReadonlySet<string> = new Set(['type', 'description', 'default']);

/** For tests: a text for each form that the kinds ask for, and some that fit few. */
const TEXTS = [
  'worker',
  'cluster',
  'a',
  '',
  'rendered-worker-0123456789',
  'a.b-c.example',
  'Upper_Case',
  'with a blank',
  '10%',
  '1.5Gi',
  'Managed',
  'Job',
  'Failed',
  'Interrupted',
  'Succeeded',
  'spec.config.storage.files[0]',
  'registry.example.com:5000/lab/os:latest',
  'registry.example.com/a/b/c:1',
  'svc_name.namespace.svc:5000/repository/name:tag',
  `registry.example.com:5000/lab/os@sha256:${SHA256}`,
  `registry.example.com/os@sha256:${SHA256}`,
  `localhost:5000/os@sha256:${SHA256}`,
  `registry.example.com/os@sha256:${SHA256.slice(1)}`,
  '10.0.0.1',
  '10.0.0.2',
  'fd00::1',
  '10.0.0.0/16',
  'fd00::/48',
  'https://service.example/path',
  'crio.service',
  'openshift-io-label',
  'var-lib.mount',
  '4.15.2',
  '415.92.202301010000-0',
  '/var/lib/store',
  '/dc/host/cluster',
  '/dc/host/cluster/Resources/pool',
  '/dc/datastore/disk',
  '/dc/vm/folder',
  'ocp-release-bundle-4.15.0-x86_64',
  'arn:aws:iam::123456789012:role/name',
  'rg-1',
  '12345',
  '2026-01-01T00:00:00Z',
  '2026-01-02T00:00:00+01:00',
  'YQ==',
  'AAECAw==',
];

/** Those of the texts that a schema accepts, as far as can be told without CEL; all of them, if it seems to accept none. */
export function textsFor(schema: Schema): readonly string[] {
  if (schema.enum !== undefined) return schema.enum.filter((word) => typeof word === 'string');
  const fitting = TEXTS.filter((text) => fits(schema, text));
  return fitting.length === 0 ? TEXTS : fitting;
}

/** What a schema accepts, and texts that many schemas refuse, at the bounds and beyond. */
export function oddTexts(schema: Schema): readonly string[] {
  const { minLength = 0, maxLength = 0 } = schema;
  if (Object.keys(schema).every((member) => LIMITLESS.has(member))) return ['', 'any text'];
  const lengths = [minLength - 1, minLength, maxLength, maxLength + 1].filter((length) => length >= 0);
  return [
    ...textsFor(schema),
    ...TEXTS,
    ...lengths.map((length) => 'a'.repeat(length)),
    'é'.repeat(maxLength),
    '-',
    'a..b',
    '/a//b',
    '\n',
  ];
}

function fits(schema: Schema, text: string): boolean {
  const { minLength = 0, maxLength = Infinity, pattern = '', format } = schema;
  if (text.length < minLength || text.length > maxLength || !new RegExp(pattern).test(text)) return false;
  if (format === 'date-time' && !/^\d{4}-.*T/.test(text)) return false;
  if (format === 'byte' && !/^[A-Za-z0-9]{2}==$|^[A-Za-z0-9]{6}==$/.test(text)) return false;
  if (format === 'uri' && !URL.canParse(text)) return false;
  return (schema['x-kubernetes-validations'] ?? []).every(({ rule }) => seemsToFollow(rule, text));
}

function seemsToFollow(rule: string, text: string): boolean {
  if (rule.includes('dns1123Subdomain')) return /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
  if (rule.includes('dns1123Label') || rule.includes('dns1035Label')) return /^[a-z][a-z0-9]*$/.test(text);
  if (rule.includes('isCIDR')) return /^[0-9a-f.:]+\/\d+$/.test(text);
  if (rule.includes('isIP(self)')) return isIP(text) !== 0;
  if (rule.includes("self.startsWith('spec.')")) return text.startsWith('spec.');
  if (rule.includes('isURL')) return URL.canParse(text);
  if (rule.includes("split('@')")) return /^registry[^@]+@sha256:[a-f0-9]{64}$/.test(text);
  const patterns = [...rule.matchAll(/matches\((?:self, )?'((?:[^'\\]|\\.)*)'\)/g)].map(([, pattern = '']) =>
    new RegExp(pattern.replaceAll('\\\\', '\\')).test(text),
  );
  return patterns.length === 0 || patterns.includes(true);
}
