import type { Reference } from '../oci/index.ts';
import { formatRepository } from '../oci/index.ts';
import type { BuildFailure, PoolRegistry, ResolvedBaseName } from '../osbuild/index.ts';
import { buildFailure } from '../osbuild/index.ts';
import { Inquiries, type InquiriesOptions } from './inquiries.ts';

/** Which base a pool asks for, and whom to ask. */
export interface BaseRequest {
  readonly pool: string;
  /** Of the rendered MachineConfig. */
  readonly osImageURL: string;
  /** Where the pool's images go, and its external image may be. */
  readonly push: Reference;
  /** The rendered MachineConfig: a new one has its base resolved anew. */
  readonly rendered: string;
  readonly registry: PoolRegistry;
  /** Of the registry's access: with other credentials the answer may be another. */
  readonly accessKey: string;
}

/**
 * The base of a pool, as far as this process knows:
 * - `asking`: the registry has not answered yet; the pool comes back when it has.
 * - `known`: by its digest; `failure`, where there is one, is why it cannot be told whether it is still the same.
 * - `unknown`: the registry cannot say, and never did to this process. The pool comes back for another try.
 */
export type BaseAnswer =
  | { readonly kind: 'asking' }
  | { readonly kind: 'known'; readonly base: ResolvedBaseName; readonly failure?: BuildFailure }
  | { readonly kind: 'unknown'; readonly failure: BuildFailure };

/**
 * The bases of pools: resolved to a digest for each rendered configuration, and watched for change after that. A registry
 * that does not answer takes nothing away: what it said last of the same image stays.
 */
export class BaseWatch {
  readonly #inquiries: Inquiries<ResolvedBaseName>;
  /** By pool: the last answer, and what it was to. */
  readonly #last = new Map<string, { readonly source: string; readonly base: ResolvedBaseName }>();

  constructor(options: InquiriesOptions) {
    this.#inquiries = new Inquiries(options);
  }

  /** @param fresh how old an answer may be, in milliseconds, until the registry is asked again */
  baseOf(request: BaseRequest, fresh: number): BaseAnswer {
    const { pool, osImageURL, push, rendered, registry, accessKey } = request;
    const source = `${osImageURL}\n${formatRepository(push)}`;
    const answer = this.#inquiries.ask(pool, `${source}\n${rendered}\n${accessKey}`, fresh, (signal) =>
      registry.resolveBase({ pool, osImageURL, push, signal }),
    );
    if (answer === undefined) return { kind: 'asking' };
    if (answer.value !== undefined) this.#last.set(pool, { source, base: answer.value });
    const last = this.#last.get(pool);
    const base = last?.source === source ? last.base : undefined;
    const failure = 'error' in answer ? buildFailure(answer.error) : undefined;
    if (base !== undefined) return { kind: 'known', base, ...(failure === undefined ? {} : { failure }) };
    return failure === undefined ? { kind: 'asking' } : { kind: 'unknown', failure };
  }

  /** A pool that is not in image mode any more. */
  forget(pool: string): void {
    this.#inquiries.forget(pool);
    this.#last.delete(pool);
  }

  close(): Promise<void> {
    return this.#inquiries.close();
  }
}
