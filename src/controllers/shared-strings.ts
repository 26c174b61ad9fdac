/** Below this many characters a string costs less than looking it up. */
const SHORT = 64;

/**
 * Lets equal long strings of many objects be one: the rendered MachineConfigs of a pool differ in a file or two, and in
 * memory each would have all of the others again. What no object has been found to hold for a while is let go of.
 */
export class SharedStrings {
  readonly #capacity: number;
  #characters = 0;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** @param capacity characters of different strings that are seen before those go that were not seen again since */
  constructor(capacity = 16_000_000) {
    this.#capacity = capacity;
  }

  /** Puts the shared strings in the place of the long ones in a value, at any depth; answers the value. */
  share<T>(value: T): T {
    const rest: object[] = typeof value === 'object' && value !== null ? [value] : [];
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const object = next as Record<string, unknown>;
      for (const key of Object.keys(object)) {
        const member = object[key];
        if (typeof member === 'string') {
          if (member.length >= SHORT) object[key] = this.#shared(member);
        } else if (typeof member === 'object' && member !== null) rest.push(member);
      }
    }
    return value;
  }

  /** How many strings are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #shared(text: string): string {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const known = this.#old.get(text) ?? text;
    this.#old.delete(text);
    if (this.#characters >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#characters = 0;
    }
    this.#young.set(known, known);
    this.#characters += known.length;
    return known;
  }
}
