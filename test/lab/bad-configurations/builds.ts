import {
  base,
  file,
  files,
  MEND,
  osConfig,
  remove,
  secret,
  set,
  site,
  soundSecret,
  type BadConfiguration,
  type BadConfigurations,
  type Change,
} from './bad-configuration.ts';
import type { JsonObject } from '../../../src/schema/index.ts';

const PLACE = 'cannot place the configuration on this base image: MachineConfig "POOL-site": ';
const FILE = `${PLACE}spec.config.storage.files[0]: `;

/** Configuration that can be rendered, but no image on this base can hold. */
export const PLACEMENT: BadConfigurations = {
  'a file below /boot': unplaceable(
    files(file('/boot/grub.cfg', 'a')),
    `${FILE}/boot/grub.cfg: nothing below /boot can come with an image: the host makes it itself`,
  ),
  'a file below /proc': unplaceable(
    files(file('/proc/sys/a', 'a')),
    `${FILE}/proc/sys/a: nothing below /proc can come with an image: the host makes it itself`,
  ),
  'a file in a directory of one’s own at the top': unplaceable(
    files(file('/data/a', 'a')),
    `${FILE}/data/a: a host whose base has neither composefs nor a transient root drops everything of an image but /usr, /etc and /var, so /data would be lost silently; use a path below one of them`,
  ),
  'a file that Varve writes': unplaceable(
    files(file('/usr/lib/varve/provenance.json', 'a')),
    `${FILE}/usr/lib/varve/provenance.json: /usr/lib/varve/provenance.json is written by Varve itself; choose another path`,
  ),
  'a file in place of a directory of the base': unplaceable(
    files(file('/etc/ssh', 'a')),
    `${FILE}/etc/ssh: /etc/ssh is a directory in the base image; a file in its place would take away all that lies below it`,
  ),
  'a file below a file of the base': unplaceable(
    files(file('/etc/hosts/a', 'a')),
    `${FILE}/etc/hosts/a: /etc/hosts is a file in the base image, so nothing can lie below it`,
  ),
  'a file that the base has, without overwrite': unplaceable(
    files(file('/etc/hosts', 'a', { overwrite: false })),
    `${FILE}/etc/hosts: a file exists there already in the base image and overwrite is false; set overwrite: true`,
  ),
  'a file of a user that nobody has': unplaceable(
    files(file('/etc/a', 'a', { user: { name: 'nobody-has-it' } })),
    `${FILE}/etc/a: its user "nobody-has-it" is in neither the base image nor, with a fixed id, the configuration; name a user of the base, or declare it below passwd with its id`,
  ),
  'contents that claim to be gzip': unplaceable(
    files(file('/etc/a', 'a', { contents: { source: 'data:,a', compression: 'gzip' } })),
    `${FILE}cannot decompress the contents of /etc/a: unexpected end of file; compress them anew, or leave compression out if they are not gzip`,
  ),
  'two names of one file': unplaceable(
    files(file('/home/core/a', 'a'), file('/var/home/core/a', 'b')),
    `${PLACE}spec.config.storage.files[1]: /var/home/core/a: the base image makes one path of it and of /home/core/a of MachineConfig "POOL-site"; keep one of the two`,
  ),
  'a kernel argument of the boot loader': unplaceable(
    site({ kernelArguments: ['ostree=/x'] }),
    `${PLACE}spec.kernelArguments[0]: kernel argument ostree=/x: ostree belongs to the boot loader and ostree; a second one breaks the boot`,
  ),
};

const RUNC = '/etc/crio/crio.conf.d/99-runtime.conf';
const NAMES_RUNC = '%5Bcrio.runtime%5D%0Adefault_runtime%20%3D%20%22runc%22%0A';

const OTHER = `REGISTRY/base/os@sha256:${'1'.repeat(64)}`;
const NOT_THERE =
  'the registry has no such repository, tag or digest; check the name, or push the base there first';
const NO_TAG =
  "the registry has no such repository or tag; push it there, or correct spec.osImageURL of the pool's MachineConfigs";
const NOT_BOOTABLE = 'use a bootc or ostree base image';

/** Bases that are not there, or that no node can boot. */
export const BASES: BadConfigurations = {
  'a base that is not there': badBase(
    'REGISTRY/base/os:2',
    `cannot find base image REGISTRY/base/os:2: ${NO_TAG}`,
  ),
  'a repository that is not there': badBase(
    'REGISTRY/base/none:1',
    `cannot find base image REGISTRY/base/none:1: ${NO_TAG}`,
  ),
  'a base digest that is not there': badBase(
    OTHER,
    `cannot find base image REGISTRY/base/os@sha256:…: ${NOT_THERE}`,
  ),
  'a base without a bootable label': badBase(
    'REGISTRY/base/unlabelled:1',
    new RegExp(
      `^cannot build on REGISTRY/base/unlabelled@sha256:…: it is not a bootable image, since it has neither the label containers\\.bootc nor ostree\\.bootable; ${NOT_BOOTABLE}$`,
      'u',
    ),
  ),
  'a base for Windows': badBase(
    'REGISTRY/base/windows:1',
    `cannot build on REGISTRY/base/windows@sha256:…: it is not a bootable image, since its operating system is "windows", not linux; ${NOT_BOOTABLE}`,
  ),
  // Only the image's label says so where a MachineConfig names the image (contract §2.4).
  'a base that has no runc, for a configuration that wants it': {
    bad: [base('REGISTRY/base/rhel-10:1'), files(file(RUNC, NAMES_RUNC))],
    condition: 'ImageBuildDegraded',
    reason: 'ConfigurationInvalid',
    says: `${FILE}${RUNC}: it makes runc the default runtime, which rhel-10 does not have; set default_runtime to "crun"`,
  },
  'a base without a kernel': badBase(
    'REGISTRY/base/kernelless:1',
    `cannot build on REGISTRY/base/kernelless@sha256:…: it is not a bootable image, since it has no kernel in /usr/lib/modules, and a host boots exactly one; ${NOT_BOOTABLE}`,
  ),
  'a base with two kernels': badBase(
    'REGISTRY/base/two-kernels:1',
    `cannot build on REGISTRY/base/two-kernels@sha256:…: it is not a bootable image, since it has 2 kernels in /usr/lib/modules, and a host boots exactly one; ${NOT_BOOTABLE}`,
  ),
  'a base with more layers than it says': badBase(
    'REGISTRY/base/diff-ids:1',
    'cannot build on REGISTRY/base/diff-ids@sha256:…: its manifest has 5 layers and its config 4 diff_ids; push the image again',
  ),
  'a base whose config is a sentence': badBase(
    'REGISTRY/base/config-text:1',
    'cannot read image REGISTRY/base/config-text@sha256:…: image config: it is not an object; push the image again',
  ),
  'a base whose layers are no tars': badBase(
    'REGISTRY/base/foreign-layer:1',
    'cannot read image REGISTRY/base/foreign-layer@sha256:…: layer: its media type "application/x-squashfs" is not that of a tar layer; push the image again',
  ),
  'a base in a registry that is not there': badBase(
    '127.0.0.1:1/base/os:1',
    'cannot resolve 127.0.0.1:1/base/os:1: 127.0.0.1:1 refused the connection; check that the registry runs and listens there',
  ),
  'an OS image that is no reference': badBase(
    'my os',
    /cannot read image reference "my os": it holds white space or a control character; remove it/u,
  ),
  'an OS image without a registry': badBase(
    'fedora',
    /cannot read image reference "fedora": it does not name a registry; write HOST\/fedora/u,
  ),
  'an OS image in capitals': badBase(
    'quay.io/Team/os:1',
    /cannot read image reference "quay\.io\/Team\/os:1": its name must be lower case; write quay\.io\/team\/os/u,
  ),
  'an OS image with a scheme': badBase(
    'https://quay.io/team/os:1',
    /cannot read image reference "https:\/\/quay\.io\/team\/os:1": it begins with https:\/\/; write HOST\/NAME:TAG without it/u,
  ),
  'an OS image with a password in it': badBase(
    'ada:s3cret@quay.io/team/os:1',
    /cannot read image reference: it holds a user name or password before the host/u,
  ),
  'an OS image with a bad digest': badBase(
    'quay.io/team/os@sha256:12',
    /cannot read image reference "quay\.io\/team\/os@sha256:12": what follows @ is not a digest/u,
  ),
};

const JSON_TYPE = 'kubernetes.io/dockerconfigjson';
const CFG_TYPE = 'kubernetes.io/dockercfg';
const PUSH = 'cannot use secret "NAMESPACE/POOL-push": ';
const KEY = `${PUSH}data[".dockerconfigjson"]: `;

/** Secrets that are not there, or of a shape that the contract (§4.4) does not know. */
export const SECRETS: BadConfigurations = {
  'a push secret that is not there': {
    bad: [remove('Secret', 'POOL-push'), ...MEND],
    mend: [soundSecret('POOL-push')],
    condition: 'ImageBuildDegraded',
    says: /POOL-push.*(?:not there|missing|no such|create)/u,
  },
  'a pull secret that is not there': {
    bad: [remove('Secret', 'POOL-pull'), ...MEND],
    mend: [soundSecret('POOL-pull')],
    condition: 'ImageBuildDegraded',
    says: /POOL-pull.*(?:not there|missing|no such|create)/u,
  },
  'an Opaque secret': badSecret(
    'Opaque',
    { '.dockerconfigjson': { auths: {} } },
    `${PUSH}type: must be ${JSON_TYPE} or ${CFG_TYPE}, is "Opaque"`,
  ),
  'a secret of another type': badSecret(
    'kubernetes.io/basic-auth',
    { username: 'ada', password: 's3cret' },
    `${PUSH}type: must be ${JSON_TYPE} or ${CFG_TYPE}, is "kubernetes.io/basic-auth"`,
  ),
  'a secret with both keys': badSecret(
    JSON_TYPE,
    { '.dockerconfigjson': { auths: {} }, '.dockercfg': {} },
    `${PUSH}data: has both .dockerconfigjson and .dockercfg; remove .dockercfg`,
  ),
  'a secret whose document is null': badSecret(
    JSON_TYPE,
    { '.dockerconfigjson': 'null' },
    `${KEY}must be a JSON object, is null`,
  ),
  'a secret whose auths are a list': badSecret(
    JSON_TYPE,
    { '.dockerconfigjson': { auths: ['s3cret'] } },
    `${KEY}auths: must be an object, is a list`,
  ),
  'a secret with a member that nobody knows': badSecret(
    JSON_TYPE,
    { '.dockerconfigjson': { auths: {}, HttpHeaders: { 'x-token': 's3cret' } } },
    `${KEY}HttpHeaders: is not known; the document has auths, credHelpers, credsStore`,
  ),
  'a secret with a login of unknown members': badSecret(
    JSON_TYPE,
    { '.dockerconfigjson': { auths: { REGISTRY: { token: 's3cret' } } } },
    `${KEY}auths["REGISTRY"].token: is not known; a registry's entry has auth, email, identitytoken, password, username`,
  ),
  'a secret with a login that is a number': badSecret(
    JSON_TYPE,
    { '.dockerconfigjson': { auths: { REGISTRY: { auth: 5 } } } },
    `${KEY}auths["REGISTRY"].auth: must be a string, is a number`,
  ),
  'a secret with a login that is a text': badSecret(
    JSON_TYPE,
    { '.dockerconfigjson': { auths: { REGISTRY: 's3cret' } } },
    `${KEY}auths["REGISTRY"]: must be an object, is a string`,
  ),
  'an old secret with a login that is a text': badSecret(
    CFG_TYPE,
    { '.dockercfg': { REGISTRY: 's3cret' } },
    `${PUSH}data[".dockercfg"]: ["REGISTRY"]: must be an object, is a string`,
  ),
  'an old secret with both forms': badSecret(
    CFG_TYPE,
    { '.dockercfg': { auths: {}, REGISTRY: { auth: 's3cret' } } },
    `${PUSH}data[".dockercfg"]: ["REGISTRY"]: is not known; the document has auths, credHelpers, credsStore`,
  ),
  'a pull secret of another type': {
    bad: [remove('Secret', 'POOL-pull'), secret('POOL-pull', 'Opaque', { a: 's3cret' }), ...MEND],
    mend: [remove('Secret', 'POOL-pull'), soundSecret('POOL-pull')],
    condition: 'ImageBuildDegraded',
    says: `cannot use secret "NAMESPACE/POOL-pull": type: must be ${JSON_TYPE} or ${CFG_TYPE}, is "Opaque"`,
  },
};

/** MachineOSConfigs, and what asks for more than Varve can build by itself. */
export const OS_CONFIGS: BadConfigurations = {
  'a push into a registry that is not there': {
    bad: [osConfig({ renderedImagePushSpec: '127.0.0.1:10/POOL/os:latest' })],
    mend: [osConfig()],
    condition: 'ImageBuildDegraded',
    says: 'cannot resolve 127.0.0.1:10/POOL/os:POOL-external: 127.0.0.1:10 refused the connection; check that the registry runs and listens there',
  },
  'a push in place of the base': {
    bases: ['REGISTRY/POOL/base:POOL'],
    bad: [osConfig({ renderedImagePushSpec: 'REGISTRY/POOL/base:latest' }), base('REGISTRY/POOL/base:POOL')],
    mend: [osConfig(), base('REGISTRY/base/os:1')],
    condition: 'ImageBuildDegraded',
    says: 'cannot build on REGISTRY/POOL/base:POOL: spec.osImageURL of the rendered MachineConfig is a tag that Varve lets name what it makes for pool POOL; push the base under another tag, or let spec.renderedImagePushSpec of the MachineOSConfig name another repository',
  },
  'a push to where the tags of an older pool are': {
    given: [
      set('MachineConfigPool', 'POOL-external', {
        spec: {
          machineConfigSelector: { matchLabels: { 'machineconfiguration.openshift.io/role': 'POOL' } },
        },
      }),
      set('MachineOSConfig', 'POOL-external', {
        spec: {
          machineConfigPool: { name: 'POOL-external' },
          imageBuilder: { imageBuilderType: 'Job' },
          renderedImagePushSecret: { name: 'POOL-push' },
          renderedImagePushSpec: 'REGISTRY/POOL/shared:latest',
        },
      }),
    ],
    bad: [osConfig({ renderedImagePushSpec: 'REGISTRY/POOL/shared:latest' })],
    mend: [osConfig()],
    condition: 'ImageBuildDegraded',
    says: 'cannot build an image for MachineOSConfig "POOL": spec.renderedImagePushSpec: pool POOL-external pushes to REGISTRY/POOL/shared, too, where tags of pool POOL would take the place of its own; push to another repository',
  },
};

function unplaceable(bad: Change, says: string): BadConfiguration {
  return { bad: [bad], condition: 'ImageBuildDegraded', reason: 'ConfigurationInvalid', says };
}

function badBase(osImageURL: string, says: string | RegExp): BadConfiguration {
  return {
    bad: [base(osImageURL)],
    mend: [base('REGISTRY/base/os:1'), ...MEND],
    condition: 'ImageBuildDegraded',
    says,
  };
}

function badSecret(type: string, data: JsonObject, says: string): BadConfiguration {
  return {
    // Its type cannot be changed. What builds have made already needs no secret, so there is something to build.
    bad: [remove('Secret', 'POOL-push'), secret('POOL-push', type, data), ...MEND],
    mend: [remove('Secret', 'POOL-push'), soundSecret('POOL-push')],
    condition: 'ImageBuildDegraded',
    says,
  };
}
