/** One media type of an Accept header. */
export interface AcceptedType {
  /** In lower case, without parameters: `application/json`. */
  readonly type: string;
  /** For example `g` → `apidiscovery.k8s.io`; without `q`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Bounds a hostile header; real ones have three or four ranges. */
const MAX_TYPES = 64;

/**
 * The types of an Accept header, the most wanted first; an absent or empty header accepts everything. As a Kubernetes API
 * server has it, `q=0` makes a type the least wanted, not an unwanted one.
 */
export function parseAccept(header: string | undefined): AcceptedType[] {
  const clauses = (header?.trim() || '*/*').split(',', MAX_TYPES).map((clause) => {
    const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
    const parameters = new Map(
      rest.map((part) => {
        const equals = part.indexOf('=');
        return equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
      }),
    );
    const quality = Number(parameters.get('q') ?? 1);
    parameters.delete('q');
    return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
  });
  return clauses.toSorted((a, b) => b.quality - a.quality);
}

/** The first of `served` that an accepted type, wanted most first, allows. */
export function negotiate(accepted: readonly AcceptedType[], served: readonly string[]): string | undefined {
  for (const { type } of accepted) {
    const found = served.find(
      (each) =>
        type === '*/*' || type === each || (type.endsWith('/*') && each.startsWith(type.slice(0, -1))),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}
