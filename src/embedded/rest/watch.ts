import { type JsonObject, textAt } from '../../schema/index.ts';
import { StoreError, type Change, type StoredObject } from '../store/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { apiVersionOf } from './kind-registry.ts';
import { readChangeLines, sharedChangeLines, type ChangeLines, type ChangeRange } from './change-lines.ts';
import { InitialObjects } from './initial-objects.ts';
import { onlyKeyOf, type ListOptions } from './list-options.ts';
import { selects } from './list-objects.ts';
import { metadataOf } from './object-metadata.ts';
import { metadataOnly, objectText, objectValue, table, type Presentation } from './presentation.ts';
import { StatusError } from '../status/index.ts';

/** How much is read for a client that has not yet shown that it takes more. */
const PORTION = 64 * 1024;

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** What a pull gives: lines to send, or nothing for now. */
export interface Pulled {
  readonly lines: string | Uint8Array;
  /** There is more to come without waiting for anything. */
  readonly hasMore: boolean;
  /** Nothing more will come: the stream ends after these lines. */
  readonly isEnded: boolean;
}

/**
 * One client's watch (kubernetes-api §12). It holds no queue: the client's connection pulls as it can take more, so that a
 * client that never reads costs no memory, and one that is slow reads on from the store.
 */
export class Watch {
  readonly #environment: ApiEnvironment;
  readonly #options: ListOptions;
  readonly #presentation: Presentation;
  /** Undefined when they are all sent or none are wanted. */
  #initial: InitialObjects | undefined;
  #announcesEnd: boolean;
  #revision: number;
  #isEnded = false;
  #columnsSent = false;

  constructor(environment: ApiEnvironment, options: ListOptions, presentation: Presentation) {
    this.#environment = environment;
    this.#options = options;
    this.#presentation = presentation;
    const asked = options.resourceVersion;
    const fromNow = asked === undefined || asked === '0';
    const wantsInitial = options.sendInitialEvents ?? fromNow;
    const current = environment.store.revision;
    this.#revision = wantsInitial || fromNow ? current : Number(asked);
    this.#initial = wantsInitial ? new InitialObjects(environment.store, options.selection) : undefined;
    // With bookmarks the end of the initial state is told, also where the client did not ask for it in so many words.
    this.#announcesEnd = wantsInitial && options.allowBookmarks;
  }

  /** The kind's storage: what this watch waits for. */
  get storage(): string {
    return this.#options.selection.kind.storage;
  }

  /** The name that its objects have, if that is all that it waits for. */
  get name(): string | undefined {
    return this.#options.selection.fields.name;
  }

  get allowsBookmarks(): boolean {
    return this.#options.allowBookmarks;
  }

  /** Seconds; undefined where the client leaves it to the server. */
  get timeoutSeconds(): number | undefined {
    return this.#options.timeoutSeconds;
  }

  /** The next lines. @param portion about how many characters to stop at */
  pull(portion: number = PORTION): Pulled {
    // Of a definition that changed, or is gone: the client comes again and finds what there is now.
    this.#isEnded ||= !this.#environment.kinds.serves(this.#options.selection.kind);
    if (this.#isEnded) return { lines: '', hasMore: false, isEnded: true };
    try {
      return { ...this.#next(portion), isEnded: false };
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'compacted') throw error;
      this.#isEnded = true;
      const status = new StatusError(
        410,
        'Expired',
        `too old resource version: ${this.#revision} (${this.#environment.store.compacted})`,
      );
      return { lines: line('ERROR', JSON.stringify(status.toStatus())), hasMore: false, isEnded: true };
    }
  }

  /**
   * Goes on to a revision without reading: whoever calls knows that nothing between what was pulled last, which was all there
   * was, and there is of this watch's storage and {@link Watch.name}.
   */
  skip(revision: number = this.#environment.store.durableRevision): Pulled {
    this.#isEnded ||= !this.#environment.kinds.serves(this.#options.selection.kind);
    if (this.#initial === undefined) this.#revision = Math.max(this.#revision, revision);
    return { lines: '', hasMore: false, isEnded: this.#isEnded };
  }

  /** A bookmark of how far this watch is; empty while the initial objects are not all sent. */
  bookmark(isInitialEnd = false): string {
    if (this.#initial !== undefined) return '';
    const { kind } = this.#options.selection;
    const object: JsonObject = {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: String(this.#revision),
        ...(isInitialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
      },
    };
    return line('BOOKMARK', JSON.stringify(this.#presented(object)));
  }

  #next(portion: number): Omit<Pulled, 'isEnded'> {
    const initial = this.#initial;
    if (initial === undefined) return this.#changes(portion);
    if (!initial.isDone) {
      const { selection } = this.#options;
      const objects = initial.next().filter((object) => selects(selection, object));
      const lines = objects.map((object) => this.#event('ADDED', object)).join('');
      return { lines, hasMore: true };
    }
    const caughtUp = this.#advance(
      readChangeLines(this.#environment.store, this.#range(portion), (change) =>
        initial.shows(change.object, change.revision) ? undefined : this.#line(change),
      ),
    );
    if (this.#revision < initial.revision) return caughtUp;
    this.#initial = undefined;
    if (!this.#announcesEnd) return caughtUp;
    return { ...caughtUp, lines: `${caughtUp.lines.toString()}${this.bookmark(true)}` };
  }

  #changes(portion: number): Omit<Pulled, 'isEnded'> {
    const { store } = this.#environment;
    const { kind, namespace, labels, fields } = this.#options.selection;
    const wantsAll =
      this.#presentation.as === 'object' &&
      (namespace === '' || !kind.namespaced) &&
      labels.isEmpty &&
      fields.isEmpty;
    const line = (change: Change): string | undefined => this.#line(change);
    return this.#advance(
      wantsAll
        ? sharedChangeLines(store, kind, this.#range(portion), line)
        : readChangeLines(store, this.#range(portion), line),
    );
  }

  #range(portion: number): ChangeRange {
    return {
      storage: this.storage,
      only: onlyKeyOf(this.#options.selection),
      after: this.#revision,
      portion,
    };
  }

  #advance({ lines, revision, hasMore }: ChangeLines): Omit<Pulled, 'isEnded'> {
    this.#revision = revision;
    return { lines, hasMore };
  }

  #line(change: Change): string | undefined {
    const { selection } = this.#options;
    const { object, old, type } = change;
    if (selection.namespace !== '' && selection.kind.namespaced && object.namespace !== selection.namespace)
      return undefined;
    const matches = selects(selection, object);
    switch (type) {
      case 'added':
        return matches ? this.#event('ADDED', object) : undefined;
      case 'deleted':
        return matches ? this.#event('DELETED', object) : undefined;
      case 'modified': {
        const matched = old !== undefined && selects(selection, old);
        if (matches) return this.#event(matched ? 'MODIFIED' : 'ADDED', object);
        return matched ? this.#left(old, change.revision) : undefined;
      }
    }
  }

  /** The object left the selection: it is shown as it was, at the revision of the change. */
  #left(old: StoredObject, revision: number): string {
    const value = objectValue(this.#options.selection.kind, old);
    metadataOf(value)['resourceVersion'] = String(revision);
    return line('DELETED', JSON.stringify(this.#presented(value)));
  }

  #event(type: EventType, object: StoredObject): string {
    const { kind } = this.#options.selection;
    if (this.#presentation.as === 'object') return line(type, objectText(kind, object));
    return line(type, JSON.stringify(this.#presented(objectValue(kind, object))));
  }

  #presented(object: JsonObject): JsonObject {
    switch (this.#presentation.as) {
      case 'object':
        return object;
      case 'metadata':
        return metadataOnly(object);
      case 'table': {
        const withColumns = !this.#columnsSent;
        this.#columnsSent = true;
        const resourceVersion = textAt(metadataOf(object), 'resourceVersion');
        return table(
          this.#options.selection.kind,
          [object],
          { resourceVersion },
          this.#presentation,
          withColumns,
        );
      }
    }
  }
}

function line(type: EventType, object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}
