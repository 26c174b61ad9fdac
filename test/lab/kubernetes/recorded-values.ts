/** What differs from server to server: a value of the recording, and what stands for it here. */
export class RecordedValues {
  readonly #ours = new Map<string, string>();
  readonly #versions = new Map<string, string>();

  /** Learns from two answers to the same request what stands for what. */
  learn(recorded: unknown, actual: unknown, key = ''): void {
    if (typeof recorded === 'string' && typeof actual === 'string') {
      if (key === 'resourceVersion') this.#versions.set(recorded, actual);
      else if (recorded !== actual && LEARNT.has(key)) this.#ours.set(recorded, actual);
      return;
    }
    if (Array.isArray(recorded) && Array.isArray(actual)) {
      for (const [index, item] of recorded.entries()) this.learn(item, actual[index], key);
      return;
    }
    if (isObject(recorded) && isObject(actual)) {
      for (const [name, value] of Object.entries(recorded)) this.learn(value, actual[name], name);
    }
  }

  /** A request's text as it has to be sent here. */
  translate(text: string): string {
    let translated = text;
    for (const [recorded, ours] of this.#ours) translated = translated.replaceAll(recorded, ours);
    return translated
      .replaceAll(/("resourceVersion": ?")(\d+)(")/g, (_, head: string, version: string, tail: string) => {
        return `${head}${this.#versions.get(version) ?? version}${tail}`;
      })
      .replaceAll(/(resourceVersion=)(\d+)/g, (_, head: string, version: string) => {
        return `${head}${this.#versions.get(version) ?? version}`;
      });
  }

  /** A continue token with our revision in place of the recorded one. */
  token(token: string): string {
    const decoded = JSON.parse(Buffer.from(token, 'base64url').toString()) as {
      v: string;
      rv: number;
      start: string;
    };
    const rv = Number(this.#versions.get(String(decoded.rv)) ?? decoded.rv);
    return Buffer.from(JSON.stringify({ ...decoded, rv, start: this.translate(decoded.start) })).toString(
      'base64url',
    );
  }

  /** Says that a recorded value is this one here. */
  set(recorded: string, ours: string): void {
    this.#ours.set(recorded, ours);
  }
}

/** Members whose values are each server's own. */
const LEARNT: ReadonlySet<string> = new Set(['uid', 'name', 'token', 'clusterIP', 'jti']);

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
