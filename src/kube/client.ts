import { isJsonObject, type JsonObject } from '../schema/index.ts';
import { systemClock, type Clock } from './clock.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { HttpSession, type KubeRequest } from './http-session.ts';
import { KubeError } from './kube-error.ts';
import { encodePatch, type Patch } from './patch.ts';
import {
  apiVersionOf,
  collectionPath,
  describe,
  keyOf,
  objectPath,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
} from './resource-type.ts';
import { DEFAULT_LIVENESS, type LivenessLimits } from './session-options.ts';
import { readWatch, type WatchEvent } from './watch-events.ts';

export interface KubeClientOptions {
  readonly access: ClusterAccess;
  /** The API server takes what is before the slash as the default field manager. @default 'varve' */
  readonly userAgent?: string;
  /** For one request, retries that the server asks for included, in milliseconds. @default 30000 */
  readonly requestTimeout?: number;
  /**
   * HTTP/2 streams on one connection; one more connection is opened beyond that. kube-apiserver allows 100 to 250; what
   * exceeds a server's own limit waits. @default 250
   */
  readonly streams?: number;
  /** @default true */
  readonly http2?: boolean;
  /** In milliseconds. @default 10000 */
  readonly connectTimeout?: number;
  readonly liveness?: LivenessLimits;
  /** The largest answer that is read, in bytes. @default 67108864 */
  readonly largestAnswer?: number;
  readonly clock?: Clock;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds; the client's if absent. */
  readonly timeout?: number;
}

export interface Selection {
  /** All namespaces if absent or empty. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends CallOptions, Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'NotOlderThan' | 'Exact';
}

/** One answer to a list. */
export interface ListPage<T> {
  readonly items: T[];
  readonly resourceVersion: string;
  /** For the next page; empty on the last. */
  readonly continue: string;
}

export interface WatchOptions extends Selection {
  readonly signal?: AbortSignal | undefined;
  readonly resourceVersion?: string;
  /** When the server ends the stream, in seconds. */
  readonly timeoutSeconds: number;
  /** How much later than that the client does, in milliseconds. @default 30000 */
  readonly grace?: number;
  /** Begins with all objects there are, and a bookmark after them (1.30 and later, where the server has it on). */
  readonly sendInitialEvents?: boolean;
}

export interface WriteOptions extends CallOptions {
  /** Answers as if, and stores nothing. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** What unknown fields are. @default 'Strict' */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** A part of the object, for example `status`. */
  readonly subresource?: string;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  /** Only this very object, in this very state. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/**
 * A client of one API server. Every call takes a signal, has a deadline, and fails with a {@link KubeError} only. What
 * it gives is plain JSON, checked as far as that it is an object with metadata; types are the caller's word. It has to be
 * closed: its connections keep a process alive.
 */
export class KubeClient {
  readonly clock: Clock;
  /** The namespace that the kubeconfig or the pod names. */
  readonly namespace: string;
  readonly #session: HttpSession;
  readonly #timeout: number;

  constructor(options: KubeClientOptions) {
    this.clock = options.clock ?? systemClock;
    this.namespace = options.access.namespace;
    this.#timeout = options.requestTimeout ?? 30_000;
    this.#session = new HttpSession({
      access: options.access,
      clock: this.clock,
      userAgent: options.userAgent ?? 'varve',
      streams: options.streams ?? 250,
      http2: options.http2 ?? true,
      connectTimeout: options.connectTimeout ?? 10_000,
      liveness: options.liveness ?? DEFAULT_LIVENESS,
      largestAnswer: options.largestAnswer ?? 64 * 1024 * 1024,
    });
  }

  /** Ends all requests and watches with `aborted`, and closes the connections. */
  async close(): Promise<void> {
    this.#session.close();
  }

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: CallOptions & { readonly subresource?: string } = {},
  ): Promise<T> {
    const what = `get ${describe(type, key)}`;
    const path = objectPath(type, key, options.subresource);
    return asObject(what, await this.#send(type, { what, method: 'GET', path }, options)) as T;
  }

  /** One page of a list. Items say their kind even where the server leaves that out. */
  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ListPage<T>> {
    const what = `list ${describe(type)}`;
    const answer = await this.#send(
      type,
      {
        what,
        method: 'GET',
        path: collectionPath(type, options.namespace),
        query: {
          ...selectionQuery(options),
          limit: options.limit?.toString(),
          continue: options.continue,
          resourceVersion: options.resourceVersion,
          resourceVersionMatch: options.resourceVersionMatch,
        },
      },
      options,
    );
    return asPage<T>(what, type, answer);
  }

  /**
   * Follows changes until the server ends the stream, as it does every `timeoutSeconds`; that is no error. Only what is
   * read is fetched: who reads slowly slows the server, not this process.
   *
   * @throws KubeError also for an error in the stream, `gone` above all
   */
  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, void> {
    const what = `watch ${describe(type)}`;
    const confidential = isConfidential(type);
    const answer = await this.#session.open({
      what,
      method: 'GET',
      path: collectionPath(type, options.namespace),
      confidential,
      signal: options.signal,
      deadline: this.#timeout,
      query: {
        ...selectionQuery(options),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: options.resourceVersion,
        timeoutSeconds: options.timeoutSeconds.toString(),
        ...(options.sendInitialEvents === true
          ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
          : {}),
      },
    });
    const longest = options.timeoutSeconds * 1000 + (options.grace ?? 30_000);
    answer.deadline.extend(
      longest,
      () => new KubeError('timeout', `cannot ${what}: the stream did not end when it should have`),
    );
    yield* readWatch<T>(what, confidential, answer);
  }

  async create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const key = keyOf(object);
    const path =
      options.subresource === undefined
        ? collectionPath(type, key.namespace)
        : objectPath(type, key, options.subresource);
    return this.#write(type, key, { verb: 'create', method: 'POST', path, body: object }, options);
  }

  /** Replaces an object; with its `resourceVersion`, only if nobody changed it since (`conflict`). */
  async update<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const key = keyOf(object);
    const path = objectPath(type, key, options.subresource);
    return this.#write(type, key, { verb: 'update', method: 'PUT', path, body: object }, options);
  }

  /** {@link update} of the status alone. */
  updateStatus<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.update(type, object, { ...options, subresource: 'status' });
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    const what = `patch ${describe(type, key)}`;
    const { contentType, body, query } = encodePatch(patch);
    const path = objectPath(type, key, options.subresource);
    return asObject(
      what,
      await this.#send(
        type,
        { what, method: 'PATCH', path, body, contentType, query: { ...writeQuery(options), ...query } },
        options,
      ),
    ) as T;
  }

  /** Deletes an object; finalizers may keep it for a while. */
  async delete(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const what = `delete ${describe(type, key)}`;
    const body = JSON.stringify(deleteBody(options));
    await this.#send(type, { what, method: 'DELETE', path: objectPath(type, key), body }, options);
  }

  /** Deletes all objects that are selected. */
  async deleteCollection(type: ResourceType, options: DeleteOptions & Selection = {}): Promise<void> {
    await this.#send(
      type,
      {
        what: `delete ${describe(type)}`,
        method: 'DELETE',
        path: collectionPath(type, options.namespace),
        query: selectionQuery(options),
        body: JSON.stringify(deleteBody(options)),
      },
      options,
    );
  }

  /** Asks for a pod's end, which its PodDisruptionBudget may refuse for now. @throws KubeError `disruption-budget` */
  async evict(pods: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    await this.#send(
      pods,
      {
        what: `evict ${describe(pods, key)}`,
        method: 'POST',
        path: objectPath(pods, key, 'eviction'),
        body: JSON.stringify({
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: key.name, namespace: key.namespace },
          deleteOptions: deleteBody(options),
        }),
      },
      options,
    );
  }

  /** Whether the server serves this kind in this version, now. */
  async serves(type: ResourceType, options: CallOptions = {}): Promise<boolean> {
    const what = `discover ${apiVersionOf(type)}`;
    const path = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
    let answer: unknown;
    try {
      answer = await this.#send(type, { what, method: 'GET', path }, options);
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false;
      throw error;
    }
    const resources = isJsonObject(answer) ? answer['resources'] : undefined;
    if (!Array.isArray(resources)) throw malformed(what, 'no list of resources');
    return resources.some(
      (item) => isJsonObject(item) && item['name'] === type.plural && item['kind'] === type.kind,
    );
  }

  async #write<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    request: {
      readonly verb: string;
      readonly method: 'POST' | 'PUT';
      readonly path: string;
      readonly body: T;
    },
    options: WriteOptions,
  ): Promise<T> {
    const what = `${request.verb} ${describe(type, key)}`;
    const body = JSON.stringify({ apiVersion: apiVersionOf(type), kind: type.kind, ...request.body });
    const { method, path } = request;
    return asObject(
      what,
      await this.#send(type, { what, method, path, body, query: writeQuery(options) }, options),
    ) as T;
  }

  #send(
    type: ResourceType,
    request: Omit<KubeRequest, 'confidential' | 'signal' | 'deadline'>,
    { signal, timeout = this.#timeout }: CallOptions,
  ): Promise<unknown> {
    return this.#session.send({ ...request, confidential: isConfidential(type), signal, deadline: timeout });
  }
}

function isConfidential({ group, plural }: ResourceType): boolean {
  return group === '' && plural === 'secrets';
}

function selectionQuery({ labelSelector, fieldSelector }: Selection): Record<string, string | undefined> {
  return { labelSelector, fieldSelector };
}

function writeQuery(options: WriteOptions): Record<string, string | undefined> {
  return {
    fieldValidation: options.fieldValidation ?? 'Strict',
    fieldManager: options.fieldManager,
    dryRun: options.dryRun === true ? 'All' : undefined,
  };
}

function deleteBody(options: DeleteOptions): object {
  const { dryRun, propagationPolicy, gracePeriodSeconds, preconditions } = options;
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(dryRun === true ? { dryRun: ['All'] } : {}),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(preconditions === undefined ? {} : { preconditions }),
  };
}

function asObject(what: string, answer: unknown): KubeObject {
  if (!isJsonObject(answer) || !isJsonObject(answer['metadata'])) throw malformed(what, 'no object');
  return answer as unknown as KubeObject;
}

function asPage<T extends KubeObject>(what: string, type: ResourceType<T>, answer: unknown): ListPage<T> {
  if (!isJsonObject(answer) || !isJsonObject(answer['metadata'])) throw malformed(what, 'no list');
  const { items, metadata } = answer;
  // Go's empty list may be null.
  if (items !== null && !Array.isArray(items)) throw malformed(what, 'no list');
  const apiVersion = apiVersionOf(type);
  for (const item of items ?? []) {
    if (!isJsonObject(item) || !isJsonObject(item['metadata'])) throw malformed(what, 'an item is no object');
    item['apiVersion'] ??= apiVersion;
    item['kind'] ??= type.kind;
  }
  return {
    items: (items ?? []) as unknown as T[],
    resourceVersion: text(metadata, 'resourceVersion'),
    continue: text(metadata, 'continue'),
  };
}

function text(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}

function malformed(what: string, problem: string): KubeError {
  return new KubeError('malformed', `cannot ${what}: the answer holds ${problem}`);
}
