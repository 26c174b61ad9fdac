/**
 * What differs from server to server: of values of the recording (identities, versions, hashes, names that the server chose),
 * what stands for them here. Learnt from the pairs of answers, needed to translate the requests that follow.
 */
export class RecordedValues {
  readonly #ours = new Map<string, string>();
  /** Recorded resourceVersions and ours. */
  readonly #versions = new Map<number, string>();

  /** Learns from two answers to the same request what stands for what. */
  learn(recorded: unknown, actual: unknown): void {
    if (Array.isArray(recorded) && Array.isArray(actual)) {
      for (const [index, item] of recorded.entries()) this.learn(item, counterpart(item, actual, index));
    } else if (isObject(recorded) && isObject(actual)) {
      if (isObject(recorded['metadata']) && isObject(actual['metadata'])) {
        this.#learnMetadata(recorded['metadata'], actual['metadata']);
      }
      for (const [name, value] of Object.entries(recorded)) {
        const ours = actual[name];
        if (name === 'serverRelativeURL') this.#learnHash(value, ours);
        else this.learn(value, ours);
      }
    }
  }

  /** Says that a recorded value is this one here. */
  set(recorded: string, ours: string): void {
    if (recorded !== '' && recorded !== ours) this.#ours.set(recorded, ours);
  }

  /** Says that a recorded resourceVersion is this one here. */
  setVersion(recorded: string, ours: string): void {
    if (/^\d+$/.test(recorded)) this.#versions.set(Number(recorded), ours);
  }

  /** A text with our identities and names in place of the recorded ones. */
  rename(text: string): string {
    let renamed = text;
    for (const [recorded, ours] of this.#ours) renamed = renamed.replaceAll(recorded, ours);
    return renamed;
  }

  /** A request's text as it has to be sent here. */
  translate(text: string): string {
    return this.rename(text)
      .replaceAll(/("resourceVersion": ?")(\d+)"/g, (_, head: string, version: string) => {
        return `${head}${this.#version(version)}"`;
      })
      .replaceAll(/(resourceVersion=)(\d+)/g, (_, head: string, version: string) => {
        return `${head}${this.#version(version)}`;
      })
      .replaceAll(/(continue=)(eyJ[\w-]+)/g, (_, head: string, token: string) => {
        return `${head}${this.#token(token)}`;
      });
  }

  /** Only what follows a name: labels, owners and annotations of others differ as their names do. */
  #learnMetadata(recorded: Record<string, unknown>, actual: Record<string, unknown>): void {
    if (recorded['generateName'] === actual['generateName'] && recorded['generateName'] !== undefined) {
      this.set(String(recorded['name']), String(actual['name']));
    } else if (recorded['name'] !== actual['name']) {
      return;
    }
    if (typeof recorded['uid'] === 'string' && typeof actual['uid'] === 'string') {
      this.set(recorded['uid'], actual['uid']);
    }
    this.setVersion(String(recorded['resourceVersion']), String(actual['resourceVersion']));
  }

  #learnHash(recorded: unknown, actual: unknown): void {
    this.set(String(recorded).split('hash=')[1] ?? '', String(actual).split('hash=')[1] ?? '');
  }

  /**
   * The version here of the newest recorded one that is known and not newer: between two known ones nothing happened that the
   * recording shows. What is older or much newer than all of it is meant as it is ("too old", "of the future").
   */
  #version(recorded: string): string {
    const wanted = Number(recorded);
    let best = -1;
    for (const known of this.#versions.keys()) if (known <= wanted && known > best) best = known;
    return wanted > 1_000_000 ? recorded : (this.#versions.get(best) ?? recorded);
  }

  #token(token: string): string {
    const decoded = JSON.parse(Buffer.from(token, 'base64url').toString()) as ContinueToken;
    const ours: ContinueToken = {
      ...decoded,
      rv: Number(this.#version(String(decoded.rv))),
      start: this.translate(decoded.start),
    };
    return Buffer.from(JSON.stringify(ours)).toString('base64url');
  }
}

/** What a continue token holds (kubernetes-api §11). */
export interface ContinueToken {
  readonly v: string;
  readonly rv: number;
  readonly start: string;
}

/** The object of a list with the same name; else what stands at the same place. */
function counterpart(item: unknown, among: readonly unknown[], index: number): unknown {
  const name = nameOf(item);
  return (name === undefined ? undefined : among.find((one) => nameOf(one) === name)) ?? among[index];
}

function nameOf(value: unknown): unknown {
  return isObject(value) && isObject(value['metadata']) ? value['metadata']['name'] : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
