import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { load } from 'js-yaml';
import { KUBERNETES_YAML, YAML_LIMITS } from '../api/index.ts';
import { isJsonObject, isTrueAt, objectAt, objectsAt, textAt, type JsonObject } from '../schema/index.ts';
import type { ClusterAccess, ValueSource } from './cluster-access.ts';
import { KubeError } from './kube-error.ts';

/** A kubeconfig holds a few certificates; more is not one. */
const LARGEST_FILE = 4 * 1024 * 1024;

/** Ways to log in that need other programs or services, and settings without which requests would go astray. */
const UNSUPPORTED_USER = ['exec', 'auth-provider', 'as', 'as-uid', 'as-groups', 'as-user-extra'];

/**
 * Reads kubeconfig files as kubectl does: where several name the same thing the first one is right, relative paths count
 * from the file that has them. Files that are missing are passed over unless all are.
 *
 * Not supported, and refused by name: `exec` and `auth-provider` log-ins, impersonation, `proxy-url`.
 *
 * @param paths one file, or what `KUBECONFIG` lists
 * @param context the files' current one if absent
 * @throws KubeError `configuration`
 */
export async function loadKubeconfig(paths: readonly string[], context?: string): Promise<ClusterAccess> {
  const files: ConfigFile[] = [];
  for (const path of paths) {
    const file = await readConfig(path);
    if (file !== undefined) files.push(file);
  }
  if (files.length === 0)
    throw new KubeError('configuration', `cannot read ${paths.join(', ')}: no such file`);
  const name = context ?? firstText(files, 'current-context');
  if (name === '') {
    throw new KubeError(
      'configuration',
      `cannot use ${paths.join(', ')}: no current-context; name a context`,
    );
  }
  const chosen = entry(files, 'contexts', 'context', name).body;
  const cluster = entry(files, 'clusters', 'cluster', textAt(chosen, 'cluster'));
  const userName = textAt(chosen, 'user');
  const user = userName === '' ? undefined : entry(files, 'users', 'user', userName);
  return {
    ...clusterPart(cluster),
    ...(user === undefined ? {} : userPart(user)),
    namespace: textAt(chosen, 'namespace') || 'default',
  };
}

interface ConfigFile {
  readonly path: string;
  readonly content: JsonObject;
}

interface Entry {
  readonly file: string;
  readonly name: string;
  readonly body: JsonObject;
}

async function readConfig(path: string): Promise<ConfigFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new KubeError('configuration', `cannot read ${path}: ${message(error)}`, { cause: error });
  }
  if (text.length > LARGEST_FILE)
    throw new KubeError('configuration', `cannot read ${path}: it is too large`);
  let content: unknown;
  try {
    content = load(text, { schema: KUBERNETES_YAML, ...YAML_LIMITS });
  } catch {
    // The parser's message quotes the line, which may be a token.
    throw new KubeError('configuration', `cannot read ${path}: it is not valid YAML`);
  }
  if (content === undefined || content === null) return { path, content: {} };
  if (!isJsonObject(content))
    throw new KubeError('configuration', `cannot read ${path}: it is not a kubeconfig`);
  return { path, content };
}

function firstText(files: readonly ConfigFile[], key: string): string {
  return files.map(({ content }) => textAt(content, key)).find((text) => text !== '') ?? '';
}

function entry(files: readonly ConfigFile[], list: string, member: string, name: string): Entry {
  for (const { path, content } of files) {
    const found = objectsAt(content, list).find((item) => textAt(item, 'name') === name);
    if (found !== undefined) return { file: path, name, body: objectAt(found, member) ?? {} };
  }
  throw new KubeError(
    'configuration',
    `cannot use ${files.map(({ path }) => path).join(', ')}: no ${member} ${JSON.stringify(name)}`,
  );
}

function clusterPart(cluster: Entry): Omit<ClusterAccess, 'namespace'> {
  const { body } = cluster;
  const server = textAt(body, 'server');
  if (!/^https?:\/\//u.test(server) || !URL.canParse(server)) throw bad(cluster, 'server', 'not a URL');
  if (textAt(body, 'proxy-url') !== '') throw bad(cluster, 'proxy-url', 'proxies are not supported');
  const authority = source(cluster, 'certificate-authority');
  const serverName = textAt(body, 'tls-server-name');
  return {
    server,
    ...(authority === undefined ? {} : { authority }),
    ...(serverName === '' ? {} : { serverName }),
    ...(isTrueAt(body, 'insecure-skip-tls-verify') ? { insecure: true } : {}),
  };
}

function userPart(user: Entry): Partial<ClusterAccess> {
  const { body } = user;
  for (const member of UNSUPPORTED_USER) {
    if (Object.hasOwn(body, member)) throw bad(user, member, 'not supported; use a token or a certificate');
  }
  const chain = source(user, 'client-certificate');
  const key = source(user, 'client-key');
  if ((chain === undefined) !== (key === undefined)) {
    throw bad(
      user,
      chain === undefined ? 'client-certificate' : 'client-key',
      'missing, but the other is there',
    );
  }
  const tokenFile = textAt(body, 'tokenFile');
  const token = textAt(body, 'token');
  const password = textAt(body, 'password');
  return {
    ...(chain === undefined || key === undefined ? {} : { certificate: { chain, key } }),
    // As client-go: the file is the newer one where both are given.
    ...(tokenFile === '' ? {} : { token: { file: resolve(dirname(user.file), tokenFile) } }),
    ...(tokenFile === '' && token !== '' ? { token: { value: token } } : {}),
    ...(password === '' ? {} : { password: { user: textAt(body, 'username'), password } }),
  };
}

/** `NAME-data` in base64, or the file `NAME`. */
function source(entry: Entry, name: string): ValueSource | undefined {
  const data = textAt(entry.body, `${name}-data`);
  if (data !== '') {
    const value = Buffer.from(data, 'base64').toString('utf8');
    if (!value.includes('-----BEGIN ')) throw bad(entry, `${name}-data`, 'not a PEM file in base64');
    return { value };
  }
  const file = textAt(entry.body, name);
  return file === '' ? undefined : { file: resolve(dirname(entry.file), file) };
}

function bad({ file, name }: Entry, field: string, problem: string): KubeError {
  return new KubeError('configuration', `cannot use ${file}: ${JSON.stringify(name)}: ${field}: ${problem}`);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
