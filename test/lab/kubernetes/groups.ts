/**
 * What an exchange of the recording is about: the first prefix of its id that is here, or for the longest prefix where several
 * are.
 */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  discovery: [
    'disc-',
    'version',
    'root',
    'healthz',
    'livez',
    'readyz',
    'api-anon',
    'apis-alice',
    'unknown-',
    'trailing-slash',
    'double-slash',
  ],
  openapi: ['openapi-', 'gzip'],
  negotiation: ['neg-', 'pretty', 'gzip-small', 'warn-deprecated'],
  create: ['create', 'generate-', 'secret-stringData', 'secret-badb64', 'cm-immutable'],
  get: ['get', 'get-', 'head-ns', 'options-ns', 'trace'],
  put: ['put-', 'post-item', 'post-status-405', 'patch-collection'],
  patch: [
    'p-',
    'cm-immutable-patch',
    'secret-type-immutable',
    'node-main-status-ignored',
    'merge-cond-replaces',
  ],
  delete: ['delete-', 'deletecollection', 'del-'],
  'dry-run': ['dry-', 'delete-dry'],
  'field validation': ['fv-'],
  lists: ['list-'],
  selectors: ['fs-'],
  watch: ['watch-', 'w2-'],
  tables: ['table-', 'pom'],
  finalizers: ['fin-', 'del-finalizer'],
  'garbage collection': ['gc-', 'ownerref-'],
  status: ['status-', 'node-status-spec-ignored', 'plain-status-404', 'mf-subresource'],
  eviction: ['pdb-'],
  leases: ['lease-', 'put-404-lease'],
  tokens: ['sa-', 'tokenreview-'],
  'server-side apply': ['ssa-', 'mf-', 'force-nonapply'],
  'custom resource definitions': ['crd-'],
  'custom resources': ['cr-'],
  scale: ['scale-', 'dep-'],
  pods: ['pod-', 'job-', 'proxy-404'],
  nodes: ['node-'],
  access: ['auth-', 'rbac-', 'impersonate', 'oidc-', 'metrics'],
  reviews: ['selfsubjectreview', 'sar', 'ssar', 'ssrr', 'lsar'],
  namespaces: ['ns-'],
  'query parameters': ['query-'],
};

const PREFIXES: readonly (readonly [prefix: string, group: string])[] = Object.entries(GROUPS)
  .flatMap(([group, prefixes]) => prefixes.map((prefix) => [prefix, group] as const))
  .sort(([a], [b]) => b.length - a.length);

/** The group of an exchange of api.jsonl. @throws Error if no group claims it */
export function groupOf(id: string): string {
  const found = PREFIXES.find(([prefix]) => id.startsWith(prefix));
  if (found === undefined) throw new Error(`no group for ${id}`);
  return found[1];
}

/** The groups that Varve and everyday kubectl live on: all of each has to agree. */
export const COMPLETE_GROUPS: ReadonlySet<string> = new Set([
  'create',
  'get',
  'put',
  'patch',
  'delete',
  'dry-run',
  'field validation',
  'lists',
  'selectors',
  'watch',
  'tables',
  'finalizers',
  'garbage collection',
  'status',
  'eviction',
  'leases',
  'tokens',
]);
