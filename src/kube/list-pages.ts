import type { KubeClient, Selection } from './client.ts';
import { isKubeError } from './kube-error.ts';
import type { KubeObject, ResourceType } from './resource-type.ts';

export interface ListAllOptions extends Selection {
  readonly signal?: AbortSignal | undefined;
  /** Of one page. @default 500 */
  readonly pageSize?: number;
  /** Told of each page before the next one is asked for. */
  readonly onPage: (items: KubeObject[]) => void;
  /** What was told counts no longer: the list begins anew. */
  readonly onRestart: () => void;
}

/** What a page of a larger list may take; a slow server is no dead one. */
const PAGE_TIMEOUT = 60_000;

/**
 * Lists a kind by pages, so that no more than one page is in memory beside what the caller keeps. Where the server
 * no longer has the version that the first page was of, the rest is useless and the list is read once more, whole.
 * Pages too large to read are asked for again with fewer objects.
 *
 * @returns the version that the list is of
 */
export async function listByPages<T extends KubeObject>(
  client: Pick<KubeClient, 'list'>,
  type: ResourceType<T>,
  options: ListAllOptions,
): Promise<string> {
  const { onPage, onRestart, signal, pageSize = 500, ...selection } = options;
  let limit: number | undefined = pageSize;
  let position = '';
  for (;;) {
    try {
      const page = await client.list(type, {
        ...selection,
        signal,
        timeout: PAGE_TIMEOUT,
        ...(limit === undefined ? {} : { limit }),
        ...(position === '' ? {} : { continue: position }),
      });
      onPage(page.items);
      if (page.continue === '') return page.resourceVersion;
      position = page.continue;
    } catch (error) {
      if (isKubeError(error, 'gone') && position !== '') {
        limit = undefined;
        position = '';
        onRestart();
      } else if (isKubeError(error, 'too-large') && limit !== undefined && limit > 1) {
        limit = Math.ceil(limit / 4);
      } else {
        throw error;
      }
    }
  }
}
