import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A request as it was recorded. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `admin`, `alice`, `token:…`; null for nobody. */
  readonly auth: string | null;
  /** JSON, text, or for a body too large to keep what it was, in parentheses. */
  readonly body: unknown;
}

/** One request to a real kube-apiserver and its answer, as it was recorded (shared/fixtures/kubernetes). */
export interface RecordedExchange {
  readonly id: string;
  readonly note: string;
  readonly request: RecordedRequest;
  /** 0 where nothing came at all. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[] | null;
  readonly body?: unknown;
  /** Of a watch: seconds since it began, and the event; or, where it was no watch, the lines of the answer. */
  readonly events?: readonly (readonly [number, unknown])[];
  /** Present in every record of a watch. */
  readonly summary?: unknown;
  /** The names in a list whose items were left out. */
  readonly names?: readonly string[];
  /** The members of a document that was left out, and parts of it. */
  readonly body_keys?: readonly string[];
  readonly sample?: Readonly<Record<string, unknown>>;
}

/**
 * The exchanges of a file, in the order in which they were recorded, without the lines that are only notes; undefined where
 * the fixtures are absent.
 */
export function readRecording(name: 'api' | 'crds'): readonly RecordedExchange[] | undefined {
  const path = fixturePath(`kubernetes/${name}.jsonl`);
  if (path === undefined) return undefined;
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedExchange | { readonly request?: undefined })
    .filter((exchange) => exchange.request !== undefined);
}

/** Where a fixture is; undefined where there are none. */
export function fixturePath(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../../shared/fixtures/${name}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}
