import { isJsonObject, valueAt } from '../../schema/index.ts';
import type { Json, JsonObject } from '../../schema/index.ts';

/**
 * How kube-apiserver prints the spec of a pod where it shows what an update would have changed: as its internal Go type, which
 * has names of its own, an order, and every member, also those that are not set.
 */
export function podSpecText(spec: JsonObject): string {
  // What is a member of the pod in the API is one of its security context inside.
  const securityContext = { ...objectOr(spec['securityContext']), ...onHost(spec) };
  const printed = printStruct({ ...spec, securityContext }, POD_SPEC);
  // Go's encoder escapes what HTML would misread.
  return JSON.stringify(printed, null, 1).replace(/[<>&]/g, (character) =>
    character === '<' ? '\\u003c' : character === '>' ? '\\u003e' : '\\u0026',
  );
}

/** What is printed for a member that is not set. */
type Empty = null | '' | false | 0;

interface Member {
  readonly name: string;
  /** The name in JSON. */
  readonly json: string;
  readonly empty: Empty | readonly Member[];
  /** The members of what it holds, an object or a list of objects; printed as it is if absent. */
  readonly shape?: readonly Member[];
}

/** Members by their Go names; `Name=json` where the name in JSON is not the same with a small first letter. */
function members(names: string, empty: Empty): Member[] {
  return names.split(' ').map((entry) => {
    const [name = '', json = name.charAt(0).toLowerCase() + name.slice(1)] = entry.split('=');
    return { name, json, empty };
  });
}

const text = (names: string): Member[] => members(names, '');
const flag = (names: string): Member[] => members(names, false);
const count = (names: string): Member[] => members(names, 0);
/** Pointers, lists and maps. */
const maybe = (names: string): Member[] => members(names, null);

/** A pointer to, or a list of, structs. */
function held(names: string, shape: readonly Member[]): Member[] {
  return maybe(names).map((member) => Object.assign(member, { shape }));
}

/** A struct that is always there. */
function always(names: string, shape: readonly Member[]): Member[] {
  return maybe(names).map((member) => Object.assign(member, { empty: shape, shape }));
}

const KEY_TO_PATH = [...text('Key Path'), ...maybe('Mode')];
const FIELD_REF = text('APIVersion=apiVersion FieldPath');
const RESOURCE_REF = [...text('ContainerName Resource'), ...maybe('Divisor')];
const DOWNWARD_FILE = [
  ...text('Path'),
  ...held('FieldRef', FIELD_REF),
  ...held('ResourceFieldRef', RESOURCE_REF),
  ...maybe('Mode'),
];
const CONFIG_FILES = [...text('Name'), ...held('Items', KEY_TO_PATH), ...maybe('Optional')];

const PROJECTION: readonly Member[] = [
  ...held('Secret', CONFIG_FILES),
  ...held('DownwardAPI=downwardAPI', held('Items', DOWNWARD_FILE)),
  ...held('ConfigMap', CONFIG_FILES),
  ...held('ServiceAccountToken', [...text('Audience'), ...count('ExpirationSeconds'), ...text('Path')]),
  ...maybe('ClusterTrustBundle PodCertificate'),
];

const VOLUME: readonly Member[] = [
  ...text('Name'),
  ...held('HostPath', [...text('Path'), ...maybe('Type')]),
  ...held('EmptyDir', [...text('Medium'), ...maybe('SizeLimit')]),
  ...maybe('GCEPersistentDisk=gcePersistentDisk AWSElasticBlockStore=awsElasticBlockStore GitRepo'),
  ...held('Secret', [...text('SecretName'), ...held('Items', KEY_TO_PATH), ...maybe('DefaultMode Optional')]),
  ...held('NFS=nfs', [...text('Server Path'), ...flag('ReadOnly')]),
  ...maybe('ISCSI=iscsi Glusterfs'),
  ...held('PersistentVolumeClaim', [...text('ClaimName'), ...flag('ReadOnly')]),
  ...maybe('RBD=rbd Quobyte FlexVolume Cinder CephFS=cephfs Flocker'),
  ...held('DownwardAPI=downwardAPI', [...held('Items', DOWNWARD_FILE), ...maybe('DefaultMode')]),
  ...maybe('FC=fc AzureFile'),
  ...held('ConfigMap', [...text('Name'), ...held('Items', KEY_TO_PATH), ...maybe('DefaultMode Optional')]),
  ...maybe('VsphereVolume AzureDisk PhotonPersistentDisk'),
  ...held('Projected', [...held('Sources', PROJECTION), ...maybe('DefaultMode')]),
  ...maybe('PortworxVolume ScaleIO=scaleIO StorageOS=storageos'),
  ...held('CSI=csi', [
    ...text('Driver'),
    ...maybe('ReadOnly FSType=fsType VolumeAttributes'),
    ...held('NodePublishSecretRef', text('Name')),
  ]),
  ...maybe('Ephemeral Image'),
];

const EXEC = maybe('Command');
const HTTP_HEADER = text('Name Value');
const HTTP_GET = [
  ...text('Path'),
  ...maybe('Port'),
  ...text('Host Scheme'),
  ...held('HTTPHeaders=httpHeaders', HTTP_HEADER),
];
const TCP_SOCKET = [...maybe('Port'), ...text('Host')];
const HANDLERS = [
  ...held('Exec', EXEC),
  ...held('HTTPGet=httpGet', HTTP_GET),
  ...held('TCPSocket=tcpSocket', TCP_SOCKET),
];

const PROBE: readonly Member[] = [
  ...HANDLERS,
  ...held('GRPC=grpc', [...count('Port'), ...maybe('Service')]),
  ...count('InitialDelaySeconds TimeoutSeconds PeriodSeconds SuccessThreshold FailureThreshold'),
  ...maybe('TerminationGracePeriodSeconds'),
];

const LIFECYCLE_HANDLER = [...HANDLERS, ...held('Sleep', count('Seconds'))];
const KEY_REF = [...text('Name Key'), ...maybe('Optional')];

const VARIABLE: readonly Member[] = [
  ...text('Name Value'),
  ...held('ValueFrom', [
    ...held('FieldRef', FIELD_REF),
    ...held('ResourceFieldRef', RESOURCE_REF),
    ...held('ConfigMapKeyRef', KEY_REF),
    ...held('SecretKeyRef', KEY_REF),
    ...maybe('FileKeyRef'),
  ]),
];

const SOURCE_REF = [...text('Name'), ...maybe('Optional')];
const SELINUX = text('User Role Type Level');
const PROFILE = [...text('Type'), ...maybe('LocalhostProfile')];

const CONTAINER_SECURITY: readonly Member[] = [
  ...held('Capabilities', maybe('Add Drop')),
  ...maybe('Privileged'),
  ...held('SELinuxOptions=seLinuxOptions', SELINUX),
  ...maybe(
    'WindowsOptions RunAsUser RunAsGroup RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation ProcMount',
  ),
  ...held('SeccompProfile', PROFILE),
  ...held('AppArmorProfile', PROFILE),
];

const RESOURCES = maybe('Limits Requests Claims');

const CONTAINER: readonly Member[] = [
  ...text('Name Image'),
  ...maybe('Command Args'),
  ...text('WorkingDir'),
  ...held('Ports', [...text('Name'), ...count('HostPort ContainerPort'), ...text('Protocol HostIP=hostIP')]),
  ...held('EnvFrom', [
    ...text('Prefix'),
    ...held('ConfigMapRef', SOURCE_REF),
    ...held('SecretRef', SOURCE_REF),
  ]),
  ...held('Env', VARIABLE),
  ...always('Resources', RESOURCES),
  ...held('ResizePolicy', text('ResourceName RestartPolicy')),
  ...maybe('RestartPolicy RestartPolicyRules'),
  ...held('VolumeMounts', [
    ...text('Name'),
    ...flag('ReadOnly'),
    ...maybe('RecursiveReadOnly'),
    ...text('MountPath SubPath'),
    ...maybe('MountPropagation'),
    ...text('SubPathExpr'),
  ]),
  ...held('VolumeDevices', text('Name DevicePath')),
  ...held('LivenessProbe ReadinessProbe StartupProbe', PROBE),
  ...held('Lifecycle', [...held('PostStart PreStop', LIFECYCLE_HANDLER), ...maybe('StopSignal')]),
  ...text('TerminationMessagePath TerminationMessagePolicy ImagePullPolicy'),
  ...held('SecurityContext', CONTAINER_SECURITY),
  ...flag('Stdin StdinOnce TTY=tty'),
];

const POD_SECURITY: readonly Member[] = [
  ...flag('HostNetwork HostPID HostIPC'),
  ...maybe('ShareProcessNamespace HostUsers'),
  ...held('SELinuxOptions=seLinuxOptions', SELINUX),
  ...maybe('WindowsOptions RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups SupplementalGroupsPolicy'),
  ...maybe('FSGroup=fsGroup FSGroupChangePolicy=fsGroupChangePolicy'),
  ...held('Sysctls', text('Name Value')),
  ...held('SeccompProfile', PROFILE),
  ...held('AppArmorProfile', PROFILE),
  ...maybe('SELinuxChangePolicy=seLinuxChangePolicy'),
];

const POD_SPEC: readonly Member[] = [
  ...held('Volumes', VOLUME),
  ...held('InitContainers Containers', CONTAINER),
  ...held('EphemeralContainers', [...CONTAINER, ...text('TargetContainerName')]),
  ...text('RestartPolicy'),
  ...maybe('TerminationGracePeriodSeconds ActiveDeadlineSeconds'),
  ...text('DNSPolicy=dnsPolicy'),
  ...maybe('NodeSelector'),
  ...text('ServiceAccountName'),
  ...maybe('AutomountServiceAccountToken'),
  ...text('NodeName'),
  ...held('SecurityContext', POD_SECURITY),
  ...held('ImagePullSecrets', text('Name')),
  ...text('Hostname Subdomain'),
  ...maybe('SetHostnameAsFQDN Affinity'),
  ...text('SchedulerName'),
  ...held('Tolerations', [...text('Key Operator Value Effect'), ...maybe('TolerationSeconds')]),
  ...held('HostAliases', [...text('IP=ip'), ...maybe('Hostnames')]),
  ...text('PriorityClassName'),
  ...maybe('Priority PreemptionPolicy'),
  ...held('DNSConfig=dnsConfig', [
    ...maybe('Nameservers Searches'),
    ...held('Options', [...text('Name'), ...maybe('Value')]),
  ]),
  ...held('ReadinessGates', text('ConditionType')),
  ...maybe('RuntimeClassName Overhead EnableServiceLinks TopologySpreadConstraints OS=os'),
  ...held('SchedulingGates', text('Name')),
  ...maybe('ResourceClaims'),
  ...held('Resources', RESOURCES),
  ...maybe('HostnameOverride'),
];

function onHost(spec: JsonObject): JsonObject {
  const moved: JsonObject = {};
  for (const member of ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers']) {
    const value = valueAt(spec, member);
    if (value !== undefined) moved[member] = value;
  }
  return moved;
}

function objectOr(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function printStruct(object: JsonObject, shape: readonly Member[]): JsonObject {
  return Object.fromEntries(
    shape.map(({ name, json, empty, shape: own }) => {
      const value = valueAt(object, json);
      if (value === undefined || value === null) {
        return [name, Array.isArray(empty) ? printStruct({}, empty) : (empty as Empty)];
      }
      if (own === undefined) return [name, value];
      if (isJsonObject(value)) return [name, printStruct(value, own)];
      if (!Array.isArray(value)) return [name, value];
      return [name, value.map((item) => (isJsonObject(item) ? printStruct(item, own) : item))];
    }),
  );
}
