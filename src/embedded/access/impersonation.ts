import { goQuote } from '../../schema/index.ts';
import { boundNode } from './node-identity.ts';
import { badRequest, type StatusError } from '../status/index.ts';
import {
  type Authorize,
  forbiddenRequest,
  type RequestAttributes,
  resourceAttributes,
} from './request-attributes.ts';
import type { RequestHeaders } from './request-headers.ts';
import {
  anonymousUser,
  authenticatedGroup,
  mastersGroup,
  nodesGroup,
  parseNodeUsername,
  parseServiceAccountUsername,
  serviceAccountGroups,
  unauthenticatedGroup,
  user,
  type User,
} from './user.ts';

/**
 * Whom the request shall be taken to come from, if its `Impersonate-…` headers name somebody and its user may do that.
 * Kubernetes 1.36 has several ways to be allowed to (KEP-5284); the refusal is that of the first that applies.
 * @param attributes of the request, with the user who makes it
 */
export function impersonate(
  headers: RequestHeaders,
  attributes: RequestAttributes,
  authorize: Authorize,
): { readonly user: User } | { readonly refusal: StatusError } {
  const wanted = wantedUser(headers);
  if (wanted === undefined) return { user: attributes.user };
  if (wanted.username === '') {
    const refusal = badRequest(`requested ${goSyntax(wanted)} without impersonating a user name`);
    return { refusal };
  }
  let first: StatusError | undefined;
  for (const mode of applicableModes(wanted, attributes.user)) {
    const refusal = refuse(mode, wanted, attributes, authorize);
    if (refusal === undefined) return { user: actualUser(mode, wanted) };
    first ??= refusal;
  }
  return { refusal: first ?? forbiddenRequest(attributes, 'all impersonation modes failed') };
}

type Mode = 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info' | 'legacy';

const extraPrefix = 'impersonate-extra-';

/** What the headers say, as they say it; undefined if there are none. */
function wantedUser(headers: RequestHeaders): User | undefined {
  const username = headers.get('impersonate-user')?.[0] ?? '';
  const uid = headers.get('impersonate-uid')?.[0] ?? '';
  const groups = headers.get('impersonate-group') ?? [];
  const extra = new Map<string, string[]>();
  for (const [name, values] of headers) {
    if (!name.startsWith(extraPrefix)) continue;
    const key = unescaped(name.slice(extraPrefix.length));
    extra.set(key, [...(extra.get(key) ?? []), ...values]);
  }
  const isAsked = username !== '' || uid !== '' || groups.length > 0 || extra.size > 0;
  return isAsked ? user(username, { uid, groups, extra }) : undefined;
}

/** Keys may have characters that header names cannot; what is not well escaped is taken as it is. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function applicableModes(wanted: User, requestor: User): Mode[] {
  const node = parseNodeUsername(wanted.username);
  const account = parseServiceAccountUsername(wanted.username);
  const isOnlyName = wanted.uid === '' && wanted.groups.length === 0 && wanted.extra.size === 0;
  const modes: Mode[] = [];
  if (node !== undefined && isOnlyName) {
    if (boundNode(requestor) === node) modes.push('associated-node');
    modes.push('arbitrary-node');
  }
  if (account !== undefined && isOnlyName) modes.push('serviceaccount');
  if (node === undefined && account === undefined) modes.push('user-info');
  return [...modes, 'legacy'];
}

function refuse(
  mode: Mode,
  wanted: User,
  request: RequestAttributes,
  authorize: Authorize,
): StatusError | undefined {
  if (mode !== 'legacy') {
    const acting = { ...request, verb: `impersonate-on:${mode}:${request.verb}` };
    const refusal = check(acting, authorize);
    if (refusal !== undefined) return refusal;
  }
  for (const { attributes, why } of identityChecks(mode, wanted, request.user)) {
    const refusal = why === '' ? check(attributes, authorize) : forbiddenRequest(attributes, why);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function check(attributes: RequestAttributes, authorize: Authorize): StatusError | undefined {
  const { allowed, reason } = authorize(attributes);
  return allowed ? undefined : forbiddenRequest(attributes, reason);
}

/** A permission that is needed to be a user, or with a reason something that nobody may be. */
interface IdentityCheck {
  readonly attributes: RequestAttributes;
  readonly why: string;
}

function* identityChecks(mode: Mode, wanted: User, requestor: User): Generator<IdentityCheck> {
  const isLegacy = mode === 'legacy';
  const verb = isLegacy ? 'impersonate' : `impersonate:${mode}`;
  const authentication = 'authentication.k8s.io';
  const coreOrOwn = isLegacy ? '' : authentication;
  const identity = (
    group: string,
    resource: string,
    facts: Partial<RequestAttributes>,
    why = '',
  ): IdentityCheck => ({
    attributes: resourceAttributes({ user: requestor, verb, group, resource, ...facts }),
    why,
  });

  const node = isLegacy ? undefined : parseNodeUsername(wanted.username);
  const account = parseServiceAccountUsername(wanted.username);
  if (node !== undefined) {
    yield identity(coreOrOwn, 'nodes', { name: mode === 'associated-node' ? '*' : node });
  } else if (account !== undefined) yield identity(coreOrOwn, 'serviceaccounts', account);
  else yield identity(coreOrOwn, 'users', { name: wanted.username });

  if (wanted.uid !== '') yield identity(authentication, 'uids', { name: wanted.uid });

  if (!isLegacy && wanted.groups.includes('')) {
    yield identity(coreOrOwn, 'groups', {}, 'impersonating the empty string group is not allowed');
  }
  if (!isLegacy && wanted.groups.includes(mastersGroup)) {
    const why = 'impersonating the system:masters group is not allowed';
    yield identity(coreOrOwn, 'groups', { name: mastersGroup }, why);
  }
  for (const name of wanted.groups) yield identity(coreOrOwn, 'groups', { name });

  for (const [key, values] of wanted.extra) {
    const why = isLegacy ? '' : extraProblem(key, values);
    if (why !== '') yield identity(authentication, 'userextras', {}, why);
    for (const name of values) yield identity(authentication, 'userextras', { subresource: key, name });
  }
}

function extraProblem(key: string, values: readonly string[]): string {
  if (key === '') return 'impersonating the empty string key in extra is not allowed';
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[-A-Za-z0-9._~!$&'()*+,;=:/]+$/.test(key)) {
    return `impersonating an invalid key in extra is not allowed: ${goQuote(key)}`;
  }
  if (key !== key.toLowerCase()) {
    return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`;
  }
  return values.includes('') ? 'impersonating the empty string value in extra is not allowed' : '';
}

/** The wanted user with the groups that every such user has. */
function actualUser(mode: Mode, wanted: User): User {
  const isNode = mode === 'associated-node' || mode === 'arbitrary-node';
  const account = parseServiceAccountUsername(wanted.username);
  let groups = wanted.groups;
  if (isNode) groups = [nodesGroup];
  else if (account !== undefined && groups.length === 0) groups = serviceAccountGroups(account.namespace);
  const common = wanted.username === anonymousUser ? unauthenticatedGroup : authenticatedGroup;
  const isComplete = groups.includes(common) || groups.includes(unauthenticatedGroup);
  return { ...wanted, groups: isComplete ? groups : [...groups, common] };
}

/** As Go's `%#v` prints a user: Kubernetes' message has it so. */
function goSyntax(wanted: User): string {
  const list = (texts: readonly string[]): string =>
    texts.length === 0 ? '[]string(nil)' : `[]string{${texts.map(goQuote).join(', ')}}`;
  const entries = [...wanted.extra].sort(([a], [b]) => (a < b ? -1 : 1));
  const extra = entries.map(([key, values]) => `${goQuote(key)}:${list(values)}`).join(', ');
  return (
    `&user.DefaultInfo{Name:${goQuote(wanted.username)}, UID:${goQuote(wanted.uid)}, Groups:${list(wanted.groups)}, ` +
    `Extra:map[string][]string${wanted.extra.size === 0 ? '(nil)' : `{${extra}}`}}`
  );
}
