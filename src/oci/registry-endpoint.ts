/** Tells whether the host (of a URL or of a registry name, without port) is this machine. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/gu, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/u.test(bare);
}

/** Host and port of a URL, the port always there, for messages: `quay.io:443`. */
export function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port || defaultPort(url)}`;
}

/**
 * The origins to try for a registry, in order; the first one that speaks the right protocol is kept.
 * Loopback: plain HTTP, then HTTPS. Listed in `plainHttp`: HTTPS, then plain HTTP, so that credentials are encrypted
 * where they can be. Every other registry: HTTPS alone.
 */
export function originsOf(registry: string, plainHttp: readonly string[]): readonly string[] {
  // Docker Hub serves its API under another name than its references.
  const authority = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  if (isLoopbackHost(new URL(`http://${authority}`).hostname))
    return [`http://${authority}`, `https://${authority}`];
  if (plainHttp.includes(registry)) return [`https://${authority}`, `http://${authority}`];
  return [`https://${authority}`];
}

/** Tells whether `plainHttp` lists the server of a URL, by `host` or `host:port`. */
export function isListed(url: URL, plainHttp: readonly string[]): boolean {
  return plainHttp.includes(url.host) || plainHttp.includes(hostAndPort(url));
}

function defaultPort(url: URL): string {
  return url.protocol === 'https:' ? '443' : '80';
}
