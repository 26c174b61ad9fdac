/** The header lines of a request by lower-case name, each with all its values, in order. */
export type RequestHeaders = ReadonlyMap<string, readonly string[]>;

/**
 * @param rawHeaders names and values in turn, as node:http and node:http2 give them: its other forms join what is sent
 * twice, and a group's name may have a comma
 */
export function requestHeaders(rawHeaders: readonly string[]): RequestHeaders {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const values = headers.get(name);
    const value = rawHeaders[index + 1] ?? '';
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}
