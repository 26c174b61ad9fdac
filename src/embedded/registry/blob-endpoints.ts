import { pipeline } from 'node:stream/promises';
import { parseDigest } from '../../oci/index.ts';
import { type ByteRange, parseRange } from './byte-range.ts';
import { EmbeddedError } from '../embedded-error.ts';
import { answer, type Exchange } from './exchange.ts';

/** GET and HEAD of a blob; GET takes one byte range. */
export async function getBlob(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { request, response, content, repositories } = exchange;
  const digest = parseDigest(reference);
  await using file = (await repositories.hasBlob(name, digest)) ? await content.read(digest) : undefined;
  if (file === undefined) throw unknownBlob(name, digest);
  const { size } = await file.stat();
  const headers = {
    'Accept-Ranges': 'bytes',
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    ETag: `"${digest}"`,
  };
  if (request.method === 'HEAD') return answer(exchange, 200, { ...headers, 'Content-Length': size });
  const range = parseRange(request.headers.range, size);
  if (range === 'unsatisfiable') {
    throw new EmbeddedError('RANGE_INVALID', `cannot read blob: it has only ${size} bytes`, {
      headers: { 'Content-Range': `bytes */${size}` },
    });
  }
  const { start, end }: ByteRange = range ?? { start: 0, end: size - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    'Content-Length': end - start + 1,
    ...(range === undefined ? {} : { 'Content-Range': `bytes ${start}-${end}/${size}` }),
  });
  if (size === 0) {
    response.end();
    return;
  }
  await pipeline(
    file.createReadStream({ start, end, highWaterMark: READ_BYTES, autoClose: false }),
    response,
  );
}

/** Takes a blob out of a repository. The content stays: other repositories may show it. */
export async function deleteBlob(exchange: Exchange, name: string, reference: string): Promise<void> {
  const digest = parseDigest(reference);
  if (!(await exchange.repositories.unlinkBlob(name, digest))) throw unknownBlob(name, digest);
  answer(exchange, 202);
}

const READ_BYTES = 256 * 1024;

function unknownBlob(name: string, digest: string): EmbeddedError {
  return new EmbeddedError('BLOB_UNKNOWN', `cannot find blob ${digest} in ${name}`, { detail: { digest } });
}
