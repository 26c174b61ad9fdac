import { k } from '../../schema/index.ts';
import { labelSelector } from './label-selector.ts';
import { memberOf } from './rules.ts';

const ocpVersion = k.string({
  minLength: 5,
  maxLength: 10,
  rules: [
    {
      rule: "self.matches('^[0-9]+\\\\.[0-9]+\\\\.[0-9]+$')",
      message: 'ocpVersion must match the OCP semver compatible format of x.y.z',
    },
  ],
});

const rhcosVersion = k.string({
  minLength: 14,
  maxLength: 21,
  rules: [
    {
      rule: "self.matches('^[0-9]+\\\\.[0-9]+\\\\.([0-9]{8}|[0-9]{12})-[0-9]+$')",
      message:
        'rhcosVersion must match format [major].[minor].[datestamp(YYYYMMDD)]-[buildnumber] or must match legacy format [major].[minor].[timestamp(YYYYMMDDHHmm)]-[buildnumber]',
    },
  ],
});

const manual = k.object(
  { mode: k.enum(['OCPVersion', 'RHCOSVersion']), ocpVersion, rhcosVersion },
  {
    required: ['mode'],
    rules: [
      memberOf({ member: 'ocpVersion', discriminator: 'mode', value: 'OCPVersion' }),
      memberOf({ member: 'rhcosVersion', discriminator: 'mode', value: 'RHCOSVersion' }),
    ],
  },
);

const MANUAL_ONLY = memberOf({ member: 'manual', discriminator: 'mode', value: 'Manual' });

/** How old the boot images may be, as a user has it. */
export const bootImageSkew = k.object(
  { mode: k.enum(['Manual', 'None']), manual },
  {
    description: 'How old the images may be that machines first boot from.',
    required: ['mode'],
    rules: [MANUAL_ONLY],
  },
);

/** The same as in force. */
export const bootImageSkewStatus = k.object(
  {
    mode: k.enum(['Automatic', 'Manual', 'None']),
    automatic: k.object(
      { ocpVersion, rhcosVersion },
      {
        minProperties: 1,
        rules: [
          {
            rule: 'has(self.ocpVersion) || has(self.rhcosVersion)',
            message: 'at least one of ocpVersion or rhcosVersion is required',
          },
        ],
      },
    ),
    manual,
  },
  {
    required: ['mode'],
    rules: [memberOf({ member: 'automatic', discriminator: 'mode', value: 'Automatic' }), MANUAL_ONLY],
  },
);

const selection = k.object(
  {
    mode: k.enum(['All', 'Partial', 'None']),
    partial: k.object({ machineResourceSelector: labelSelector }, { required: ['machineResourceSelector'] }),
  },
  {
    required: ['mode'],
    rules: [
      memberOf(
        { member: 'partial', discriminator: 'mode', value: 'Partial' },
        'Partial is required when type is partial, and forbidden otherwise',
      ),
    ],
  },
);

/** Which machine resources get new boot images with each release. */
export const managedBootImages = k.object({
  machineManagers: k.listMap(
    k.object(
      {
        resource: k.enum(['machinesets', 'controlplanemachinesets']),
        apiGroup: k.enum(['machine.openshift.io']),
        selection,
      },
      {
        required: ['apiGroup', 'resource', 'selection'],
        rules: [
          {
            rule: "self.resource != 'controlplanemachinesets' || self.selection.mode == 'All' || self.selection.mode == 'None'",
            message: 'Only All or None selection mode is permitted for ControlPlaneMachineSets',
          },
        ],
      },
    ),
    ['resource', 'apiGroup'],
    { maxItems: 5 },
  ),
});
