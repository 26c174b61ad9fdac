import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { ApiAnswer } from '../rest/index.ts';

/** The bytes of an answer, in pieces that are sent one after the other. */
export interface AnswerBody {
  readonly pieces: readonly Uint8Array[];
  /** Bytes of all of them. */
  readonly size: number;
}

/** How much is given to a connection at a time, in bytes. */
const PIECE = 256 * 1024;

export function answerBody(body: ApiAnswer['body']): AnswerBody {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return inPieces(body);
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength || at === 0; at += PIECE)
    pieces.push(bytes.subarray(at, at + PIECE));
  return { pieces, size: bytes.byteLength };
}

/** Not at a high level: the client is on the same machine, as a rule. */
export async function compressed({ pieces }: AnswerBody): Promise<AnswerBody> {
  const chunks: Uint8Array[] = [];
  const stream = Readable.from(pieces).pipe(createGzip({ level: 1, chunkSize: PIECE }));
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return inPieces(chunks);
}

function inPieces(pieces: readonly Uint8Array[]): AnswerBody {
  return { pieces, size: pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) };
}
