import type { ReplayResult } from './replay-recording.ts';

/** Why an exchange is answered otherwise here. */
export interface KnownDifference {
  readonly why: string;
  /** All that differs is at places that match; anything may differ, if absent. */
  readonly where?: RegExp;
}

const unserved: KnownDifference = {
  why: 'groups and resources that neither Varve nor kubectl 1.29 to 1.33 needs are not served; ours are',
  where:
    /^body\.(?:groups|items|paths)\[(?:\/apis\/)?(?:admissionregistration\.k8s\.io|apiregistration\.k8s\.io|autoscaling|certificates\.k8s\.io|discovery\.k8s\.io|flowcontrol\.apiserver\.k8s\.io|node\.k8s\.io|resource\.k8s\.io|storage\.k8s\.io|machineconfiguration\.openshift\.io|operator\.openshift\.io)(?:\/v\d+)?\]|^body\.items\[networking\.k8s\.io\]\.versions\[v1\]\.resources\[(?:ingress|ipaddresses|servicecidrs)/,
};

const unservedCore: KnownDifference = {
  why: 'of the core group persistent volumes, replication controllers, pod templates and bindings are not served',
  where:
    /^body(?:\.items\[0\]\.versions\[v1\])?\.resources\[(?:bindings|persistentvolume|podtemplates|replicationcontrollers)/,
};

const version: KnownDifference = {
  why: 'the server says what it is: the API of another Kubernetes version, in another language',
  where: /^body\.(?:compiler|emulation|minCompatibility|gitCommit|gitVersion|goVersion|minor)/,
};

const openApiTexts: KnownDifference = {
  why: 'the documents describe what is served, in words of their own; what clients read of them is tested with the clients',
  where: /^(?:path |members)/,
};

const noProtobuf: KnownDifference = {
  why: 'answers are never protobuf: a client that asks for it alone is refused, one that takes JSON too gets JSON (kubernetes-api §0)',
};

/**
 * The exchanges of the recording that are answered otherwise here. The test fails when another one differs, when one of these
 * differs elsewhere than it says, and when one of them agrees after all.
 */
export const knownDifferences: Readonly<Record<string, KnownDifference>> = {
  'disc-apis-legacy': unserved,
  'disc-agg-apis': unserved,
  'apis-alice': unserved,
  'disc-core-v1': unservedCore,
  'disc-agg-api': unservedCore,
  version,
  'version-anon': version,
  root: {
    why: `${unserved.why}; checks of single parts of the server have no paths of their own`,
    where:
      /^body\.paths\[(?:\/apis\/|\/(?:healthz|livez|readyz)\/|\/flagz|\/statusz|\/debug|\/logs|\/metrics\/slis|\/openapi\/v3\/)/,
  },
  livez: { why: 'the parts that are checked are those of this server', where: /^text/ },
  'openapi-v3-root': {
    why: 'documents are made for the groups and versions with resources that are served, and for nothing else',
    where:
      /^body\.paths\.[\w./-]+: (?:recorded \{.*\}, ours nothing|recorded nothing, ours \{"serverRelativeURL":"\/openapi\/v3\/apis\/(?:machineconfiguration|operator)\.openshift)/,
  },
  'openapi-v3-core': openApiTexts,
  'openapi-v3-nohash': openApiTexts,
  'openapi-v2': openApiTexts,
  'openapi-v3-proto': { why: 'version 3 of the documents is JSON only: every kubectl reads that' },
  'openapi-v2-proto': { why: 'the document is of what is served here', where: /^text/ },
  'neg-proto-get': noProtobuf,
  'neg-proto-or-json': noProtobuf,
  'warn-deprecated': {
    why: 'there is no scheduler, controller manager or etcd beside this server whose health could be told',
    where: /^body\.(?:items|metadata\.resourceVersion)/,
  },
  'node-get': {
    why: 'the taint of a new node goes as soon as the node is ready: before the next request, and not some time after it',
    where: /^body\.spec\.taints/,
  },
  'crd-list-immediately': { why: 'a new kind can be listed at once: there is no storage to wait for' },
  metrics: { why: 'the metrics are those of this server', where: /^text/ },
};

/** What differs that is not known to. */
export function unexpectedDifferences({ id, differences }: ReplayResult): readonly string[] {
  const known = knownDifferences[id];
  return known === undefined ? differences : differences.filter((text) => known.where?.test(text) === false);
}
