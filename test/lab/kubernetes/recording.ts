import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One request to a real kube-apiserver and its answer, as it was recorded (shared/fixtures/kubernetes). */
export interface RecordedExchange {
  readonly id: string;
  readonly note: string;
  readonly group?: string;
  /** Absent in lines that are only notes. */
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    /** `admin`, `alice`, `token:…`; null for nobody. */
    readonly auth: string | null;
    readonly body: unknown;
  };
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
  readonly body?: unknown;
  /** Of a watch: seconds since it began, and the event. */
  readonly events?: readonly (readonly [number, unknown])[];
  /** The names in a list whose items were left out. */
  readonly names?: readonly string[];
}

/** The exchanges of a file, in the order in which they were recorded; undefined where the fixtures are absent. */
export function readRecording(name: 'api' | 'crds'): readonly RecordedExchange[] | undefined {
  const path = fixturePath(`kubernetes/${name}.jsonl`);
  if (path === undefined) return undefined;
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedExchange);
}

/** Where a fixture is; undefined where there are none. */
export function fixturePath(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../../shared/fixtures/${name}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}
