import type { MachineConfiguration } from '../api/index.ts';

/** What is done on a node for a change (contract §5.11). */
export type DisruptionAction =
  | { readonly type: 'None' | 'DaemonReload' | 'Drain' | 'Reboot' | 'Special' }
  | { readonly type: 'Reload'; readonly reload: { readonly serviceName: string } }
  | { readonly type: 'Restart'; readonly restart: { readonly serviceName: string } };

/** What changes cost a node, by what changes. */
export interface DisruptionPolicies {
  /** By the path of a file, or of a directory for all that is below it. */
  readonly files: readonly { readonly path: string; readonly actions: readonly DisruptionAction[] }[];
  readonly units: readonly { readonly name: string; readonly actions: readonly DisruptionAction[] }[];
  /** For ssh keys, and for passwords (contract §7.3, 31). */
  readonly sshkey: { readonly actions: readonly DisruptionAction[] };
}

type UserPolicies = NonNullable<NonNullable<MachineConfiguration['spec']>['nodeDisruptionPolicy']>;
type UserActions = NonNullable<UserPolicies['files']>[number]['actions'];

const NONE: DisruptionAction = { type: 'None' };
const DAEMON_RELOAD: DisruptionAction = { type: 'DaemonReload' };
const ANCHORS = '/etc/pki/ca-trust/source/anchors';

/** The policies that every cluster has (contract §5.11, table). */
export const DEFAULT_POLICIES: DisruptionPolicies = {
  files: [
    { path: '/var/lib/kubelet/config.json', actions: [NONE] },
    {
      path: '/etc/machine-config-daemon/no-reboot/containers-gpg.pub',
      actions: [reload('crio.service')],
    },
    { path: '/etc/containers/policy.json', actions: [reload('crio.service')] },
    { path: '/etc/containers/registries.conf', actions: [{ type: 'Special' }] },
    { path: '/etc/containers/registries.d', actions: [reload('crio.service')] },
    { path: '/etc/crio/policies', actions: [reload('crio.service')] },
    { path: '/etc/nmstate/openshift', actions: [NONE] },
    {
      path: `${ANCHORS}/openshift-config-user-ca-bundle.crt`,
      actions: [restart('coreos-update-ca-trust.service'), restart('crio.service')],
    },
    { path: '/etc/kubernetes/credential-providers', actions: [restart('kubelet.service')] },
    {
      path: '/etc/systemd/system/kubelet.service.d/40-kubelet-crio-image-credential-provider.conf',
      actions: [DAEMON_RELOAD, restart('kubelet.service')],
    },
    { path: '/etc/iri-registry', actions: [restart('iri-registry.service')] },
    { path: '/usr/local/bin/load-registry-image.sh', actions: [restart('iri-registry.service')] },
    { path: `${ANCHORS}/iri-root-ca.crt`, actions: [restart('coreos-update-ca-trust.service')] },
  ],
  units: [{ name: 'iri-registry.service', actions: [DAEMON_RELOAD, restart('iri-registry.service')] }],
  sshkey: { actions: [NONE] },
};

/**
 * The defaults with a user's policies merged in (contract §5.11, merge): what has the very path or name of a default takes
 * its place, anything else is added. Actions that the API would not have let in cost a reboot.
 */
export function mergePolicies(user: UserPolicies | undefined): DisruptionPolicies {
  const files = new Map(DEFAULT_POLICIES.files.map(({ path, actions }) => [path, actions]));
  for (const { path, actions } of user?.files ?? []) files.set(path, actions.map(readAction));
  const units = new Map(DEFAULT_POLICIES.units.map(({ name, actions }) => [name, actions]));
  for (const { name, actions } of user?.units ?? []) units.set(name, actions.map(readAction));
  const sshkey = user?.sshkey?.actions ?? [];
  return {
    files: [...files].map(([path, actions]) => ({ path, actions })),
    units: [...units].map(([name, actions]) => ({ name, actions })),
    sshkey: sshkey.length === 0 ? DEFAULT_POLICIES.sshkey : { actions: sshkey.map(readAction) },
  };
}

/** An action as a person wrote it; whatever cannot be understood is the dearest. */
function readAction({ type, reload: reloaded, restart: restarted }: UserActions[number]): DisruptionAction {
  if (type === 'Reload') return reloaded === undefined ? { type: 'Reboot' } : reload(reloaded.serviceName);
  if (type === 'Restart')
    return restarted === undefined ? { type: 'Reboot' } : restart(restarted.serviceName);
  return { type };
}

function reload(serviceName: string): DisruptionAction {
  return { type: 'Reload', reload: { serviceName } };
}

function restart(serviceName: string): DisruptionAction {
  return { type: 'Restart', restart: { serviceName } };
}
