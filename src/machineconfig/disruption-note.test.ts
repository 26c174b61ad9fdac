import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DisruptionNote, formatDisruptionNote, readDisruptionNote } from './disruption-note.ts';

const NOTE: DisruptionNote = {
  from: { config: 'rendered-worker-1', image: 'registry.example.com/os@sha256:1' },
  to: { config: 'rendered-worker-2', image: 'registry.example.com/os@sha256:2' },
  actions: [
    { type: 'DaemonReload' },
    { type: 'Restart', restart: { serviceName: 'crio.service' } },
    { type: 'Reload', reload: { serviceName: 'crio.service' } },
    { type: 'Special' },
  ],
  items: ['/etc/crio/policies/a', 'unit crio.service', 'user core'],
};

test('a note that was written is read', () => {
  assert.deepEqual(readDisruptionNote(formatDisruptionNote(NOTE)), NOTE);
});

test('formatDisruptionNote() has no note for a reboot', () => {
  assert.equal(formatDisruptionNote({ ...NOTE, actions: [{ type: 'Reboot' }] }), undefined);
});

test('formatDisruptionNote() has no note for a change that is too large to be named', () => {
  const items = Array.from({ length: 300 }, (_, index) => `/etc/${'x'.repeat(60)}/${index}`);
  assert.equal(formatDisruptionNote({ ...NOTE, items }), undefined);
  const umlauts = Array.from({ length: 100 }, (_, index) => `/etc/${'ü'.repeat(100)}/${index}`);
  assert.equal(formatDisruptionNote({ ...NOTE, items: umlauts }), undefined, 'bytes count, not characters');
});

const UNREADABLE: Readonly<Record<string, unknown>> = {
  'no JSON': undefined,
  'no object': ['from'],
  'no actions': { ...NOTE, actions: [] },
  'an action that is not known': { ...NOTE, actions: [{ type: 'Kexec' }] },
  'a reboot': { ...NOTE, actions: [{ type: 'Reboot' }] },
  'an action with more to it': { ...NOTE, actions: [{ type: 'None', after: 'x' }] },
  'a restart of nothing': { ...NOTE, actions: [{ type: 'Restart' }] },
  'a reload of a number': { ...NOTE, actions: [{ type: 'Reload', reload: { serviceName: 5 } }] },
  'no from': { ...NOTE, from: undefined },
  'an end without an image': { ...NOTE, to: { config: 'x' } },
  'an empty image': { ...NOTE, to: { config: 'x', image: '' } },
  'items that are no texts': { ...NOTE, items: [1] },
  'a member that is not known': { ...NOTE, unless: 'x' },
};

for (const [name, value] of Object.entries(UNREADABLE)) {
  test(`readDisruptionNote() reads nothing of ${name}`, () => {
    assert.equal(readDisruptionNote(value === undefined ? '{"from' : JSON.stringify(value)), undefined);
  });
}

test('readDisruptionNote() reads nothing where there is none, and nothing that is too large', () => {
  assert.equal(readDisruptionNote(undefined), undefined);
  assert.equal(readDisruptionNote(''), undefined);
  assert.equal(readDisruptionNote(JSON.stringify({ ...NOTE, items: ['x'.repeat(1 << 20)] })), undefined);
});

test('readDisruptionNote() never throws, and reads only what it can write', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const note = readDisruptionNote(text);
      if (note !== undefined) assert.deepEqual(readDisruptionNote(formatDisruptionNote(note)), note);
    }),
  );
});
