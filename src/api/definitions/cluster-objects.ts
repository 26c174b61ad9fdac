import { k } from '../../schema/index.ts';
import { platformSpec } from './platform-spec.ts';
import { platformStatus } from './platform-status.ts';
import { PLATFORM_TYPES } from './platform-type.ts';
import { memberOf } from './rules.ts';

const objectMembers = { apiVersion: k.string(), kind: k.string(), metadata: k.object({}) };

/** The cluster's Infrastructure object, as a controller has copied it. */
export const infrastructure = k.object(
  {
    ...objectMembers,
    spec: k.object({
      cloudConfig: k.object({ name: k.string(), key: k.string() }),
      platformSpec,
    }),
    status: k.object({
      infrastructureName: k.string(),
      platform: k.enum(PLATFORM_TYPES),
      platformStatus,
      etcdDiscoveryDomain: k.string(),
      apiServerURL: k.string(),
      apiServerInternalURI: k.string(),
      controlPlaneTopology: k.withDefault(
        k.enum(['HighlyAvailable', 'HighlyAvailableArbiter', 'SingleReplica', 'DualReplica', 'External']),
        'HighlyAvailable',
      ),
      infrastructureTopology: k.withDefault(k.enum(['HighlyAvailable', 'SingleReplica']), 'HighlyAvailable'),
      cpuPartitioning: k.withDefault(k.enum(['None', 'AllNodes']), 'None'),
    }),
  },
  { description: 'What the cluster runs on.', required: ['spec'], embeddedResource: true },
);

const zone = k.object({ id: k.string(), tags: k.map(k.string()) });

/** The cluster's DNS object, as a controller has copied it. */
export const clusterDNS = k.object(
  {
    ...objectMembers,
    spec: k.object({
      baseDomain: k.string(),
      publicZone: zone,
      privateZone: zone,
      platform: k.object(
        {
          type: k.enum(PLATFORM_TYPES, {
            rules: [{ rule: "self in ['','AWS']", message: "allowed values are '' and 'AWS'" }],
          }),
          aws: k.object({
            privateZoneIAMRole: k.string({
              rules: [
                {
                  rule: "matches(self, '^arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/.*$')",
                  message:
                    'privateZoneIAMRole must be a valid AWS IAM role ARN in the format: arn:<partition>:iam::<account-id>:role/<role-name>',
                },
              ],
            }),
          }),
        },
        {
          required: ['type'],
          rules: [
            memberOf(
              { member: 'aws', discriminator: 'type', value: 'AWS' },
              'aws configuration is required when platform is AWS, and forbidden otherwise',
            ),
          ],
        },
      ),
    }),
    status: k.object({}),
  },
  { description: 'Where the names of the cluster are.', required: ['spec'], embeddedResource: true },
);
