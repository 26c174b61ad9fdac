import type { Digest } from './digest.ts';
import { type Descriptor, MAX_MANIFEST_BYTES, parseImageIndex, readJsonObject } from './documents.ts';
import { bareMediaType, isIndexType, MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';
import { formatRepository, type Reference, withTag } from './reference.ts';
import { readManifest, referrersTag } from './registry-manifests.ts';
import { pullScope } from './registry-scope.ts';
import type { Answer, RegistrySession } from './registry-session.ts';

const MAX_PAGES = 1000;
const MAX_TAGS = 100_000;

/** All tags of a repository, in the registry's order; empty when there is no such repository. */
export async function readTags(
  session: RegistrySession,
  ref: Reference,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const action = `list tags of ${formatRepository(ref)}`;
  const tags: string[] = [];
  for await (const page of pages(session, ref, action, `/v2/${ref.repository}/tags/list`, signal)) {
    const list = readJsonObject('tag list', page.bytes, MAX_MANIFEST_BYTES)['tags'] ?? [];
    if (!Array.isArray(list) || !list.every((tag) => typeof tag === 'string')) {
      throw new OciError('malformed', `cannot ${action}: the registry's list is malformed`, {
        registry: session.registry,
      });
    }
    if (tags.length + list.length > MAX_TAGS) {
      throw new OciError('too-large', `cannot ${action}: there are more than ${MAX_TAGS}`, {
        registry: session.registry,
      });
    }
    tags.push(...list);
  }
  return tags;
}

/**
 * The manifests that name the given one as their subject: from the referrers API, or from the fallback tag
 * (`sha256-<hex>`) where the registry does not have that API. `artifactType` filters.
 */
export async function readReferrers(
  session: RegistrySession,
  ref: Reference,
  digest: Digest,
  artifactType: string | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  const action = `list referrers of ${formatRepository(ref)}@${digest}`;
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const found: Descriptor[] = [];
  let supported = false;
  for await (const page of pages(
    session,
    ref,
    action,
    `/v2/${ref.repository}/referrers/${digest}${query}`,
    signal,
  )) {
    // A proxy or a file server may answer 200 with anything: only an index counts as support.
    if (bareMediaType(page.contentType) !== MediaType.ociIndex) break;
    supported = true;
    found.push(...parseImageIndex(page.bytes).manifests);
  }
  if (!supported) {
    const list = await readManifest(session, withTag(ref, referrersTag(digest)), signal);
    if (list !== undefined && !isIndexType(list.mediaType)) {
      throw new OciError('malformed', `cannot ${action}: the tag ${referrersTag(digest)} is not an index`, {
        registry: session.registry,
      });
    }
    if (list !== undefined) found.push(...parseImageIndex(list.bytes, list.mediaType).manifests);
  }
  return artifactType === undefined ? found : found.filter((entry) => entry.artifactType === artifactType);
}

interface Page {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** Follows `Link: <…>; rel="next"` on the same origin; yields nothing for a 404. */
async function* pages(
  session: RegistrySession,
  ref: Reference,
  action: string,
  first: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Page, void, undefined> {
  let target: string | URL | undefined = first;
  const seen = new Set<string>();
  while (target !== undefined) {
    const answer: Answer = await session.send({
      action,
      method: 'GET',
      target,
      scopes: [pullScope(ref.repository)],
      accept: [200, 404],
      signal,
    });
    if (answer.status === 404) {
      answer.discard();
      return;
    }
    let bytes: Uint8Array;
    try {
      bytes = await answer.bytes(MAX_MANIFEST_BYTES);
    } catch (error) {
      throw answer.failure(error);
    }
    yield { bytes, contentType: answer.headers['content-type'] ?? '' };
    seen.add(answer.url.href);
    target = nextPage(answer);
    if (target !== undefined && (seen.has(target.href) || seen.size >= MAX_PAGES)) {
      throw new OciError('malformed', `cannot ${action}: the registry's list does not end`, {
        registry: session.registry,
      });
    }
  }
}

function nextPage(answer: Answer): URL | undefined {
  const header = answer.headers['link'];
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '');
  const target = /<(?<url>[^>]*)>\s*;\s*rel="?next"?/iu.exec(text)?.groups?.['url'];
  const url = target === undefined ? null : URL.parse(target, answer.url.href);
  // A list has no business on another origin; the rest of it there would be someone else's word.
  return url === null || url.origin !== answer.url.origin ? undefined : url;
}
