/** Where a host keeps its tools. */
const HOST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Proxies reach the tools that pull images through their environment (host-contract §6.1). */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** Under which name rpm-ostree's journal and `update-driver` show who asked. */
const CLIENT_ID = 'varve';

/**
 * The environment of every host command (host-contract §10.1, 9 and 10): built from nothing, so that no variable of
 * a pod reaches the host's tools. `container`, in any spelling of its value, would make bootc refuse, or report an
 * empty status with exit 0; `NOTIFY_SOCKET`, `KUBERNETES_*` and tokens are nobody's business there. Kept are PATH
 * (of a process on the host itself; a pod's own PATH means nothing there) and the proxies.
 */
export function commandEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  place: 'here' | 'entered',
): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: place === 'here' ? (own['PATH'] ?? HOST_PATH) : HOST_PATH,
    HOME: '/root',
    LC_ALL: 'C',
    RPMOSTREE_CLIENT_ID: own['RPMOSTREE_CLIENT_ID'] ?? CLIENT_ID,
  };
  for (const name of PROXIES.flatMap((proxy) => [proxy, proxy.toLowerCase()])) {
    const value = own[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
