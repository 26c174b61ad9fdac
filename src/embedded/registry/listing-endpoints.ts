import { MediaType, parseDigest } from '../../oci/index.ts';
import { EmbeddedError } from '../embedded-error.ts';
import { answerJson, type Exchange } from './exchange.ts';

/** GET of the tags of a repository, in pages when the client asks for them. */
export async function listTags(exchange: Exchange, name: string): Promise<void> {
  if (!(await exchange.repositories.exists(name))) {
    throw new EmbeddedError('NAME_UNKNOWN', `cannot list tags: there is no repository ${name}`, {
      detail: { name },
    });
  }
  const { values, headers } = takePage(
    exchange,
    await exchange.repositories.tags(name),
    `/v2/${name}/tags/list`,
  );
  answerJson(exchange, { name, tags: values }, headers);
}

/** GET of the names of the repositories, in pages when the client asks for them. */
export async function listRepositories(exchange: Exchange): Promise<void> {
  const { values, headers } = takePage(exchange, await exchange.repositories.repositories(), '/v2/_catalog');
  answerJson(exchange, { repositories: values }, headers);
}

/** GET of the manifests whose subject is this digest, as an index (distribution specification, "Listing Referrers"). */
export async function listReferrers(exchange: Exchange, name: string, reference: string): Promise<void> {
  const subject = parseDigest(reference);
  const all = await exchange.repositories.referrers(name, subject);
  const artifactType = exchange.query.get('artifactType');
  const manifests = artifactType === null ? all : all.filter((entry) => entry.artifactType === artifactType);
  answerJson(
    exchange,
    { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests },
    {
      'Content-Type': MediaType.ociIndex,
      ...(artifactType === null ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
    },
  );
}

interface Page {
  readonly values: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/** The values after `last`, at most `n` of them, and a link to the next page when there is one. */
function takePage({ query }: Exchange, sorted: readonly string[], path: string): Page {
  const last = query.get('last');
  const rest = last === null ? sorted : sorted.filter((value) => value > last);
  const text = query.get('n');
  if (text === null) return { values: rest, headers: {} };
  if (!/^\d{1,9}$/u.test(text)) {
    throw new EmbeddedError('PAGINATION_NUMBER_INVALID', 'cannot list: n is not a number', {
      detail: { n: text.slice(0, 40) },
    });
  }
  const count = Number(text);
  const values = rest.slice(0, count);
  const end = values.at(-1);
  if (end === undefined || rest.length <= count) return { values, headers: {} };
  const next = new URLSearchParams({ n: text, last: end });
  return { values, headers: { Link: `<${path}?${next.toString()}>; rel="next"` } };
}
