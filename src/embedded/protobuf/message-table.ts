import { MESSAGES } from './messages.ts';

/** One field of a message. */
export interface MessageField {
  /** The JSON member; empty if the fields of another message are members of this one. */
  readonly name: string;
  /** That other message's name: of the same group, as all are. */
  readonly inlined?: string;
  /** When a scalar is a member: whenever it is sent, whenever the message is, or unless it is empty. */
  readonly presence: 'as-sent' | 'always' | 'unless-empty';
}

const tables = new Map<string, ReadonlyMap<number, MessageField>>();

/** The fields of a message by number, for example of `io.k8s.api.core.v1.Pod`; undefined if they are not known. */
export function messageFields(name: string): ReadonlyMap<number, MessageField> | undefined {
  const known = tables.get(name);
  if (known !== undefined) return known;
  const dot = name.lastIndexOf('.');
  const messages = MESSAGES[name.slice(0, dot)];
  const simple = name.slice(dot + 1);
  const text = messages !== undefined && Object.hasOwn(messages, simple) ? messages[simple] : undefined;
  if (text === undefined) return undefined;
  const table = new Map(
    text === '' ? [] : text.split(', ').map((field) => parseField(name.slice(0, dot), field)),
  );
  tables.set(name, table);
  return table;
}

function parseField(prefix: string, text: string): [number, MessageField] {
  const match = /^(?:\((\w+)\)|([\w-]+)) (\d+)([?!]?)$/.exec(text);
  if (match === null) throw new Error(`cannot read the field ${text}`);
  const [, inlined, name = '', number, mark] = match;
  const presence = mark === '?' ? 'as-sent' : mark === '!' ? 'always' : 'unless-empty';
  return [
    Number(number),
    { name, presence, ...(inlined === undefined ? {} : { inlined: `${prefix}.${inlined}` }) },
  ];
}
