import { OPERATOR_API_GROUP } from '../api-version.ts';
import { k } from '../../schema/index.ts';
import { bootImageSkew, bootImageSkewStatus, managedBootImages } from './boot-images.ts';
import { condition } from './conditions.ts';
import { defineKind } from './custom-resource-definition.ts';
import { clusterPolicies, nodeDisruptionPolicy } from './node-disruption-policy.ts';
import type { OPERATOR_API_VERSION } from '../api-version.ts';
import type { ValidationRule } from '../../schema/index.ts';
import type { ApiResource, CustomResourceDefinition } from './custom-resource-definition.ts';

const logLevel = k.withDefault(k.enum(['', 'Normal', 'Debug', 'Trace', 'TraceAll']), 'Normal');

/** Contract §1.12. The members up to succeededRevisionLimit are those of every operator. */
const spec = k.object({
  managementState: k.string({
    description: 'Managed, Unmanaged, Force or Removed.',
    pattern: '^(Managed|Unmanaged|Force|Removed)$',
  }),
  logLevel,
  operatorLogLevel: logLevel,
  unsupportedConfigOverrides: k.nullable(k.preserveUnknown()),
  observedConfig: k.nullable(k.preserveUnknown()),
  forceRedeploymentReason: k.string(),
  failedRevisionLimit: k.int32(),
  succeededRevisionLimit: k.int32(),
  nodeDisruptionPolicy: k.describe(
    nodeDisruptionPolicy,
    'What a change costs a node: a reboot, a drain, the restart of a service, nothing.',
  ),
  managedBootImages: k.describe(managedBootImages, 'Which machines get new boot images with each release.'),
  irreconcilableValidationOverrides: k.object(
    { storage: k.set(k.enum(['Disks', 'FileSystems', 'Raid']), { minItems: 1, maxItems: 3 }) },
    {
      description: 'Changes to accept for new nodes though existing ones cannot follow.',
      minProperties: 1,
    },
  ),
  bootImageSkewEnforcement: bootImageSkew,
});

const status = k.object({
  observedGeneration: k.int64({ description: 'Generation that the status is about.' }),
  conditions: k.listMap(condition, ['type']),
  nodeDisruptionPolicyStatus: k.object({
    clusterPolicies: k.describe(
      clusterPolicies,
      'The policies in force: the defaults with those of the spec.',
    ),
  }),
  managedBootImagesStatus: managedBootImages,
  bootImageSkewEnforcementStatus: bootImageSkewStatus,
});

/** Settings of the machine configuration as a whole; the one object is named `cluster`. */
export type MachineConfiguration = ApiResource<
  'MachineConfiguration',
  typeof spec,
  typeof status,
  typeof OPERATOR_API_VERSION
>;

export const machineConfigurations: CustomResourceDefinition = defineKind({
  group: OPERATOR_API_GROUP,
  kind: 'MachineConfiguration',
  description: 'Settings of the machine configuration as a whole; the one object is named cluster.',
  labels: {},
  spec,
  status,
  rules: [
    whenAutomatic(
      'self.?spec.managedBootImages.hasValue() || self.?status.managedBootImagesStatus.hasValue()',
      'a boot image configuration is required',
    ),
    whenAutomatic(
      '!(self.?spec.managedBootImages.machineManagers.hasValue()) || size(self.spec.managedBootImages.machineManagers) > 0',
      'managedBootImages.machineManagers must not be an empty list',
    ),
    whenAutomatic(
      "!(self.?spec.managedBootImages.machineManagers.hasValue()) || !self.spec.managedBootImages.machineManagers.exists(m, m.resource == 'machinesets' && m.apiGroup == 'machine.openshift.io') || self.spec.managedBootImages.machineManagers.exists(m, m.resource == 'machinesets' && m.apiGroup == 'machine.openshift.io' && m.selection.mode == 'All')",
      "any MachineAPI MachineSet MachineManager must use selection mode 'All'",
    ),
    whenAutomatic(
      "!(self.?status.managedBootImagesStatus.machineManagers.hasValue()) || self.status.managedBootImagesStatus.machineManagers.exists(m, m.selection.mode == 'All' && m.resource == 'machinesets' && m.apiGroup == 'machine.openshift.io')",
      'managedBootImagesStatus must contain a MachineManager opting in all MachineAPI MachineSets',
    ),
  ],
});

function whenAutomatic(condition: string, message: string): ValidationRule {
  return {
    rule: `self.?status.bootImageSkewEnforcementStatus.mode.orValue("") == 'Automatic' ? ${condition} : true`,
    message: `when skew enforcement is in Automatic mode, ${message}`,
  };
}
