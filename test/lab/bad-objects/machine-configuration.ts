import { bad, invalid, merge, post, type BadObjects, type Cause, type Refusal } from './bad-object.ts';

const GROUP = 'operator.openshift.io';
const configuration = (spec: object): ReturnType<typeof post> =>
  post('machineconfigurations', { metadata: { name: 'x' }, spec: { managementState: 'Managed', ...spec } });
const broken = (...causes: Cause[]): Refusal => invalid(`MachineConfiguration.${GROUP}`, 'x', ...causes);
const file = (...actions: object[]): ReturnType<typeof post> =>
  configuration({ nodeDisruptionPolicy: { files: [{ path: '/etc/a', actions }] } });
const ACTIONS = 'spec.nodeDisruptionPolicy.files[0].actions';
const skew = (bootImageSkewEnforcement: object): ReturnType<typeof post> =>
  configuration({ bootImageSkewEnforcement });
const SKEW = 'spec.bootImageSkewEnforcement';
const manager = (more: object): object => ({
  resource: 'machinesets',
  apiGroup: 'machine.openshift.io',
  selection: { mode: 'All' },
  ...more,
});

const SERVICE_TYPE =
  'Invalid ${SERVICETYPE} in service name. Expected format is ${NAME}${SERVICETYPE}, where ${SERVICETYPE} must be one of ".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer",".snapshot", ".slice" or ".scope".';
const SERVICE_NAME =
  'Invalid ${NAME} in service name. Expected format is ${NAME}${SERVICETYPE}, where {NAME} must be atleast 1 character long and can only consist of alphabets, digits, ":", "-", "_", ".", and "\\"';

/** The rules of operator.openshift.io MachineConfiguration: one of each. */
export const badMachineConfigurations: BadObjects = {
  'a reboot among other actions': bad(
    file({ type: 'Reboot' }, { type: 'Drain' }),
    broken([
      ACTIONS,
      'Invalid value: Reboot action can only be specified standalone, as it will override any other actions',
    ]),
  ),
  'no action among other actions': bad(
    file({ type: 'None' }, { type: 'Drain' }),
    broken([
      ACTIONS,
      'Invalid value: None action can only be specified standalone, as it will override any other actions',
    ]),
  ),
  'a reload of nothing': bad(
    file({ type: 'Reload' }),
    broken([
      `${ACTIONS}[0]`,
      'Invalid value: reload is required when type is Reload, and forbidden otherwise',
    ]),
  ),
  'a restart that is a reload': bad(
    file({ type: 'Restart', reload: { serviceName: 'a.service' } }),
    broken(
      [`${ACTIONS}[0]`, 'Invalid value: reload is required when type is Reload, and forbidden otherwise'],
      [`${ACTIONS}[0]`, 'Invalid value: restart is required when type is Restart, and forbidden otherwise'],
    ),
  ),
  'a service without a type': bad(
    file({ type: 'Restart', restart: { serviceName: 'crio.conf' } }),
    broken([`${ACTIONS}[0].restart.serviceName`, `Invalid value: "crio.conf": ${SERVICE_TYPE}`]),
  ),
  'a service whose name has blanks': bad(
    file({ type: 'Reload', reload: { serviceName: 'a b.service' } }),
    broken([`${ACTIONS}[0].reload.serviceName`, `Invalid value: "a b.service": ${SERVICE_NAME}`]),
  ),
  'a selection of a part that names none': bad(
    configuration({ managedBootImages: { machineManagers: [manager({ selection: { mode: 'Partial' } })] } }),
    broken([
      'spec.managedBootImages.machineManagers[0].selection',
      'Invalid value: Partial is required when type is partial, and forbidden otherwise',
    ]),
  ),
  'a part of the control plane’s machines': bad(
    configuration({
      managedBootImages: {
        machineManagers: [
          manager({
            resource: 'controlplanemachinesets',
            selection: { mode: 'Partial', partial: { machineResourceSelector: { matchLabels: {} } } },
          }),
        ],
      },
    }),
    broken([
      'spec.managedBootImages.machineManagers[0]',
      'Invalid value: Only All or None selection mode is permitted for ControlPlaneMachineSets',
    ]),
  ),
  'a manual skew without a version': bad(
    skew({ mode: 'Manual' }),
    broken([SKEW, 'Invalid value: manual is required when mode is Manual, and forbidden otherwise']),
  ),
  'a version of the other kind': bad(
    skew({ mode: 'Manual', manual: { mode: 'OCPVersion', rhcosVersion: '9.2.20251023-0' } }),
    broken(
      [
        `${SKEW}.manual`,
        'Invalid value: ocpVersion is required when mode is OCPVersion, and forbidden otherwise',
      ],
      [
        `${SKEW}.manual`,
        'Invalid value: rhcosVersion is required when mode is RHCOSVersion, and forbidden otherwise',
      ],
    ),
  ),
  'a version with two numbers': bad(
    skew({ mode: 'Manual', manual: { mode: 'OCPVersion', ocpVersion: '4.18.x' } }),
    broken([
      `${SKEW}.manual.ocpVersion`,
      'Invalid value: "4.18.x": ocpVersion must match the OCP semver compatible format of x.y.z',
    ]),
  ),
  'a build without its date': bad(
    skew({ mode: 'Manual', manual: { mode: 'RHCOSVersion', rhcosVersion: '9.2.2025-0-abcdef' } }),
    broken([
      `${SKEW}.manual.rhcosVersion`,
      'Invalid value: "9.2.2025-0-abcdef": rhcosVersion must match format [major].[minor].[datestamp(YYYYMMDD)]-[buildnumber] or must match legacy format [major].[minor].[timestamp(YYYYMMDDHHmm)]-[buildnumber]',
    ]),
  ),
  'an automatic enforcement without boot images': bad(
    merge('machineconfigurations/skewed/status', {
      status: { bootImageSkewEnforcementStatus: { mode: 'Automatic', automatic: { ocpVersion: '4.18.0' } } },
    }),
    invalid(`MachineConfiguration.${GROUP}`, 'skewed', [
      '<nil>',
      'Invalid value: when skew enforcement is in Automatic mode, a boot image configuration is required',
    ]),
    post('machineconfigurations', { metadata: { name: 'skewed' }, spec: { managementState: 'Managed' } }),
  ),
  'a manual enforcement that is automatic': bad(
    merge('machineconfigurations/skewed-2/status', {
      status: { bootImageSkewEnforcementStatus: { mode: 'Manual', automatic: { ocpVersion: '4.18.0' } } },
    }),
    invalid(
      `MachineConfiguration.${GROUP}`,
      'skewed-2',
      [
        'status.bootImageSkewEnforcementStatus',
        'Invalid value: automatic is required when mode is Automatic, and forbidden otherwise',
      ],
      [
        'status.bootImageSkewEnforcementStatus',
        'Invalid value: manual is required when mode is Manual, and forbidden otherwise',
      ],
    ),
    post('machineconfigurations', { metadata: { name: 'skewed-2' }, spec: { managementState: 'Managed' } }),
  ),
};
