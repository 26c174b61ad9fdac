/** One authentication challenge (RFC 9110 §11.6.1); scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Reads the values of all `WWW-Authenticate` headers; one header may hold several challenges.
 * What follows a syntax error is ignored.
 */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap(parseHeader);
}

function parseHeader(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const separators = /[\s,]*/uy;
  const token = /[!#$%&'*+.^_`|~\w-]+/uy;
  const value = /\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>[!#$%&'*+.^_`|~\w:/-]+))/uy;
  const token68 = /\s+[\w.~+/-]+=*\s*(?=,|$)/uy;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < header.length) {
    take(separators);
    const name = take(token)?.[0].toLowerCase();
    if (name === undefined) break;
    const parameter = take(value)?.groups;
    if (parameter === undefined) {
      challenges.push({ scheme: name, parameters: new Map() });
      take(token68);
    } else {
      const text = parameter['bare'] ?? parameter['quoted']?.replace(/\\(?<char>.)/gu, '$<char>') ?? '';
      const { parameters } = challenges.at(-1) ?? {};
      if (parameters === undefined) break;
      if (!parameters.has(name)) parameters.set(name, text);
    }
  }
  return challenges;
}
