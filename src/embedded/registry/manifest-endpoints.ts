import {
  type Digest,
  digestAlgorithm,
  digestOf,
  isDigest,
  MAX_MANIFEST_BYTES,
  sha256,
} from '../../oci/index.ts';
import { EmbeddedError } from '../embedded-error.ts';
import { answer, type Exchange, readBody } from './exchange.ts';
import { checkReferences, readManifestFacts } from './manifest-references.ts';
import { isTag } from './repository-name.ts';

/** GET and HEAD of a manifest by tag or digest. */
export async function getManifest(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { request, response } = exchange;
  const digest = await resolve(exchange, name, reference);
  const mediaType = digest === undefined ? undefined : await exchange.repositories.manifestType(name, digest);
  const bytes =
    digest === undefined || mediaType === undefined ? undefined : await readContent(exchange, digest);
  if (digest === undefined || mediaType === undefined || bytes === undefined)
    throw unknownManifest(name, reference);
  response.writeHead(200, {
    'Content-Type': mediaType,
    'Content-Length': bytes.length,
    'Docker-Content-Digest': digest,
    ETag: `"${digest}"`,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** PUT of a manifest by tag or digest, when all that it refers to is there. */
export async function putManifest(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { request, content, repositories } = exchange;
  const expected = isDigest(reference) ? reference : undefined;
  if (expected === undefined && !isTag(reference)) throw invalidReference(reference);
  const bytes = await readBody(exchange, MAX_MANIFEST_BYTES);
  const digest = expected === undefined ? sha256(bytes) : digestOf(bytes, digestAlgorithm(expected));
  if (expected !== undefined && expected !== digest) {
    throw new EmbeddedError('DIGEST_INVALID', `cannot take in manifest: its digest is ${digest}`, {
      detail: { digest: expected },
    });
  }
  const facts = readManifestFacts(bytes, request.headers['content-type']);
  await checkReferences(name, facts, exchange);
  const { mediaType, subject, artifactType, annotations } = facts;
  await content.put(digest, bytes);
  await repositories.linkManifest(name, digest, mediaType);
  if (subject !== undefined) {
    await repositories.addReferrer(name, subject, {
      mediaType,
      digest,
      size: bytes.length,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    });
  }
  // The tag last: whoever finds it finds everything.
  if (expected === undefined) await repositories.writeTag(name, reference, digest);
  answer(exchange, 201, {
    Location: `/v2/${name}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    ...(subject === undefined ? {} : { 'OCI-Subject': subject }),
  });
}

/** DELETE by tag takes the tag away; by digest, the manifest and every tag that means it. */
export async function deleteManifest(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { repositories } = exchange;
  const gone = isDigest(reference)
    ? await deleteByDigest(exchange, name, reference)
    : isTag(reference) && (await repositories.deleteTag(name, reference));
  if (!gone) throw unknownManifest(name, reference);
  answer(exchange, 202);
}

async function deleteByDigest(exchange: Exchange, name: string, digest: Digest): Promise<boolean> {
  const { repositories } = exchange;
  const mediaType = await repositories.manifestType(name, digest);
  if (mediaType === undefined) return false;
  for (const tag of await repositories.tags(name)) {
    if ((await repositories.readTag(name, tag)) === digest) await repositories.deleteTag(name, tag);
  }
  const bytes = await readContent(exchange, digest);
  const subject = bytes === undefined ? undefined : readManifestFacts(bytes, mediaType).subject;
  if (subject !== undefined) await repositories.removeReferrer(name, subject, digest);
  return repositories.unlinkManifest(name, digest);
}

async function resolve(
  { repositories }: Exchange,
  name: string,
  reference: string,
): Promise<Digest | undefined> {
  if (isDigest(reference)) return reference;
  if (!isTag(reference)) throw invalidReference(reference);
  return repositories.readTag(name, reference);
}

async function readContent({ content }: Exchange, digest: Digest): Promise<Uint8Array | undefined> {
  await using file = await content.read(digest);
  return await file?.readFile();
}

function unknownManifest(name: string, reference: string): EmbeddedError {
  return new EmbeddedError('MANIFEST_UNKNOWN', `cannot find manifest ${reference.slice(0, 200)} in ${name}`, {
    detail: { name, reference: reference.slice(0, 200) },
  });
}

function invalidReference(reference: string): EmbeddedError {
  return new EmbeddedError(
    reference.includes(':') ? 'DIGEST_INVALID' : 'TAG_INVALID',
    `cannot use ${JSON.stringify(reference.slice(0, 200))}: it is neither a tag nor a sha256 or sha512 digest`,
  );
}
