import { listObjects } from './list-objects.ts';
import { readListOptions } from './list-options.ts';
import { keyOf } from './object-store.ts';
import { listText } from './list-text.ts';
import { answerJson, presentObject } from './presentation.ts';
import type { ResourceRequest } from './resource-request.ts';
import type { ApiAnswer } from './request.ts';
import { badRequest, futureResourceVersion, notFound } from '../status/index.ts';
import { Watch } from './watch.ts';

/** GET of one object. @throws StatusError */
export function getObject(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, info, presentation } = context;
  const asked = request.query.get('resourceVersion') ?? '';
  if (asked !== '') {
    if (!/^\d{1,19}$/.test(asked)) {
      const text = JSON.stringify(asked.slice(0, 100));
      throw badRequest(
        `resourceVersion: Invalid value: ${text}: strconv.ParseUint: parsing ${text}: invalid syntax`,
      );
    }
    if (Number(asked) > environment.store.revision)
      throw futureResourceVersion(asked, environment.store.revision);
  }
  const stored = environment.store.get(keyOf(kind, info.namespace, info.name));
  if (stored === undefined) throw notFound(kind, info.name);
  return answerJson(200, presentObject(kind, stored, presentation), presentation, context.warnings);
}

/** GET of a collection. @throws StatusError */
export function listCollection(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, info, presentation } = context;
  const options = readListOptions(kind, info.namespace, '', request.query, false);
  const { objects, metadata } = listObjects(environment, options);
  return answerJson(200, listText(kind, objects, metadata, presentation), presentation, context.warnings);
}

/** GET of a collection with `watch`, or an old watch path. @throws StatusError */
export function watchCollection({ environment, request, kind, info, presentation }: ResourceRequest): Watch {
  const options = readListOptions(kind, info.namespace, info.name, request.query, true);
  return new Watch(environment, options, presentation);
}
