import { dataUrlProblem } from './data-url.ts';
import { parseGoUrl, queryValues } from './go-url.ts';
import type { GoUrl } from './go-url.ts';

/** What is wrong with the URL of a resource, if anything; a missing one is fine (host-contract §8.3). */
export function sourceProblem(source: string | undefined, minor: number): string | undefined {
  return source === undefined || source === '' ? undefined : urlProblem(source, minor);
}

/** What is wrong with a URL, if anything. */
export function urlProblem(text: string, minor: number): string | undefined {
  // Data URLs are long and common: when the data itself is sound, so is the URL, and nothing else needs a look.
  const dataProblem = text.startsWith('data:') ? dataUrlProblem(text) : undefined;
  if (text.startsWith('data:') && dataProblem === undefined) return undefined;

  const url = parseGoUrl(text);
  if (url === undefined) return 'unable to parse url';
  switch (url.scheme) {
    case 'http':
    case 'https':
    case 'tftp':
      return undefined;
    case 's3':
      return s3VersionProblem(url);
    case 'gs':
      return minor >= 2 ? undefined : 'invalid url scheme';
    case 'arn':
      return minor >= 4 ? arnProblem(url) : 'invalid url scheme';
    case 'data':
      return dataProblem ?? dataUrlProblem(text);
    default:
      return 'invalid url scheme';
  }
}

function s3VersionProblem(url: GoUrl): string | undefined {
  return queryValues(url.query, 'versionId')[0] === '' ? 'invalid S3 object VersionId' : undefined;
}

/** `arn:<partition>:s3:<region>:<account>:<bucket or accesspoint/name>/<key>` */
function arnProblem(url: GoUrl): string | undefined {
  const sections = url.opaque.split(':');
  const resource = sections.slice(4).join(':');
  const slashes = url.opaque.split('/').length - 1;
  const enough = slashes >= (resource.startsWith('accesspoint/') ? 2 : 1);
  if (sections.length < 5 || sections[1] !== 's3' || !enough) return 'invalid S3 ARN format';
  return s3VersionProblem(url);
}
