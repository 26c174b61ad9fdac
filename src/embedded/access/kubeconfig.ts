import type { KeyPair } from './key-pair.ts';

/** What a kubeconfig says: one cluster, one user, one context. */
export interface KubeconfigContents {
  /** For example `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly user: { readonly name: string; readonly credential: KeyPair | { readonly token: string } };
  /** The name of cluster and context. */
  readonly context: string;
  /** The namespace of commands that name none; `default` if absent. */
  readonly namespace?: string;
}

/** The YAML text of a kubeconfig file. It holds a secret: write it with mode 0600. */
export function kubeconfig(contents: KubeconfigContents): string {
  const name = scalar(contents.context);
  const user = scalar(contents.user.name);
  return [
    'apiVersion: v1',
    'kind: Config',
    `current-context: ${name}`,
    'clusters:',
    `- name: ${name}`,
    '  cluster:',
    `    server: ${scalar(contents.server)}`,
    `    certificate-authority-data: ${base64(contents.authority)}`,
    'contexts:',
    `- name: ${name}`,
    '  context:',
    `    cluster: ${name}`,
    `    user: ${user}`,
    ...(contents.namespace === undefined ? [] : [`    namespace: ${scalar(contents.namespace)}`]),
    'users:',
    `- name: ${user}`,
    '  user:',
    ...credential(contents.user.credential),
    '',
  ].join('\n');
}

function credential(given: KeyPair | { readonly token: string }): string[] {
  if ('token' in given) return [`    token: ${scalar(given.token)}`];
  return [
    `    client-certificate-data: ${base64(given.certificate)}`,
    `    client-key-data: ${base64(given.privateKey)}`,
  ];
}

/** A text that YAML cannot mistake for something else; JSON's strings are YAML's too. */
function scalar(text: string): string {
  return /^[a-z][a-z0-9./:@-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$|:$/.test(text)
    ? text
    : JSON.stringify(text);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
