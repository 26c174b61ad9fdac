import { k } from '../../schema/index.ts';
import { cloudLoadBalancer } from './load-balancers.ts';
import { immutable, immutableOnceSet } from './rules.ts';
import { awsServiceEndpoints, ibmServiceEndpoints, powerServiceEndpoints } from './service-endpoints.ts';
import type { Typed, ValidationRule } from '../../schema/index.ts';

const shortText = k.string({ minLength: 1, maxLength: 128 });

export const alibabaStatus = k.object(
  {
    region: k.string({ pattern: '^[0-9A-Za-z-]+$' }),
    resourceGroupID: k.string({ pattern: '^(rg-[0-9A-Za-z]+)?$' }),
    resourceTags: k.listMap(
      k.object({ key: shortText, value: shortText }, { required: ['key', 'value'] }),
      ['key'],
      { maxItems: 20 },
    ),
  },
  { required: ['region'] },
);

export const awsStatus = k.object({
  region: k.string(),
  ipFamily: k.withDefault(
    k.enum(['IPv4', 'DualStackIPv6Primary', 'DualStackIPv4Primary'], {
      rules: [immutableOnceSet('ipFamily is immutable once set')],
    }),
    'IPv4',
  ),
  resourceTags: k.list(
    k.object(
      { key: awsTagText('key', 128), value: awsTagText('value', 256) },
      { required: ['key', 'value'] },
    ),
    { maxItems: 25 },
  ),
  serviceEndpoints: awsServiceEndpoints,
  cloudLoadBalancerConfig: k.withDefault(k.nullable(cloudLoadBalancer), { dnsType: 'PlatformDefault' }),
});

export const azureStatus = k.object(
  {
    resourceGroupName: k.string(),
    networkResourceGroupName: k.string(),
    cloudName: k.enum([
      '',
      'AzurePublicCloud',
      'AzureUSGovernmentCloud',
      'AzureChinaCloud',
      'AzureGermanCloud',
      'AzureStackCloud',
      'AzureUSSecCloud',
    ]),
    armEndpoint: k.string(),
    resourceTags: k.list(
      k.object(
        {
          key: k.string({
            minLength: 1,
            maxLength: 128,
            pattern: '^[a-zA-Z]([0-9A-Za-z_.-]*[0-9A-Za-z_])?$',
          }),
          value: k.string({ minLength: 1, maxLength: 256, pattern: '^[0-9A-Za-z_.=+-@]+$' }),
        },
        { required: ['key', 'value'] },
      ),
      { maxItems: 10, rules: [sameItems('resourceTags')] },
    ),
    cloudLoadBalancerConfig: k.withDefault(cloudLoadBalancer, { dnsType: 'PlatformDefault' }),
  },
  { rules: [presenceFixed('resourceTags')] },
);

export const externalStatus = k.object(
  {
    cloudControllerManager: k.object(
      {
        state: k.enum(['', 'External', 'None'], { rules: [immutable('state is immutable once set')] }),
      },
      {
        rules: [
          {
            rule: '(has(self.state) == has(oldSelf.state)) || (!has(oldSelf.state) && self.state != "External")',
            message: 'state may not be added or removed once set',
          },
        ],
      },
    ),
  },
  {
    rules: [
      {
        rule: 'has(self.cloudControllerManager) == has(oldSelf.cloudControllerManager)',
        message: 'cloudControllerManager may not be added or removed once set',
      },
    ],
  },
);

export const gcpStatus = k.object(
  {
    projectID: k.string(),
    region: k.string(),
    resourceLabels: k.listMap(
      k.object(
        {
          key: k.string({
            minLength: 1,
            maxLength: 63,
            pattern: '^[a-z][0-9a-z_-]{0,62}$',
            rules: [
              {
                rule: "!self.startsWith('openshift-io') && !self.startsWith('kubernetes-io')",
                message: 'label keys must not start with either `openshift-io` or `kubernetes-io`',
              },
            ],
          }),
          value: k.string({ minLength: 1, maxLength: 63, pattern: '^[0-9a-z_-]{1,63}$' }),
        },
        { required: ['key', 'value'] },
      ),
      ['key'],
      { maxItems: 32, rules: [sameItems('resourceLabels')] },
    ),
    resourceTags: k.listMap(
      k.object(
        {
          parentID: k.string({
            minLength: 1,
            maxLength: 32,
            pattern: '(^[1-9][0-9]{0,31}$)|(^[a-z][a-z0-9-]{4,28}[a-z0-9]$)',
          }),
          key: k.string({
            minLength: 1,
            maxLength: 63,
            pattern: '^[a-zA-Z0-9]([0-9A-Za-z_.-]{0,61}[a-zA-Z0-9])?$',
          }),
          value: k.string({
            minLength: 1,
            maxLength: 63,
            pattern: '^[a-zA-Z0-9]([0-9A-Za-z_.@%=+:,*#&()\\[\\]{}\\-\\s]{0,61}[a-zA-Z0-9])?$',
          }),
        },
        { required: ['key', 'parentID', 'value'] },
      ),
      ['key'],
      { maxItems: 50, rules: [sameItems('resourceTags')] },
    ),
    cloudLoadBalancerConfig: k.withDefault(k.nullable(cloudLoadBalancer), { dnsType: 'PlatformDefault' }),
  },
  { rules: [presenceFixed('resourceLabels'), presenceFixed('resourceTags')] },
);

export const ibmStatus = k.object({
  location: k.string(),
  resourceGroupName: k.string(),
  providerType: k.string(),
  cisInstanceCRN: k.string(),
  dnsInstanceCRN: k.string(),
  serviceEndpoints: ibmServiceEndpoints,
});

export const powerStatus = k.object(
  {
    region: k.string(),
    zone: k.string(),
    resourceGroup: k.string({
      maxLength: 40,
      pattern: '^[a-zA-Z0-9-_ ]+$',
      rules: [immutableOnceSet('resourceGroup is immutable once set')],
    }),
    serviceEndpoints: powerServiceEndpoints,
    cisInstanceCRN: k.string(),
    dnsInstanceCRN: k.string(),
  },
  {
    rules: [
      {
        rule: '!has(oldSelf.resourceGroup) || has(self.resourceGroup)',
        message: 'cannot unset resourceGroup once set',
      },
    ],
  },
);

function awsTagText(part: string, maxLength: number): Typed<string> {
  return k.string({
    minLength: 1,
    maxLength,
    rules: [
      {
        rule: "self.matches('^[0-9A-Za-z_.:/=+-@ ]+$')",
        message: `invalid AWS resource tag ${part}. The string can contain only the set of alphanumeric characters, space (' '), '_', '.', '/', '=', '+', '-', ':', '@'`,
      },
    ],
  });
}

/** The list is what it was, in any order. */
function sameItems(member: string): ValidationRule {
  return {
    rule: 'self.all(x, x in oldSelf) && oldSelf.all(x, x in self)',
    message: `${member} are immutable and may only be configured during installation`,
  };
}

/** A member that was absent stays absent, and one that was there stays. */
function presenceFixed(member: string): ValidationRule {
  return {
    rule: `!has(oldSelf.${member}) && !has(self.${member}) || has(oldSelf.${member}) && has(self.${member})`,
    message: `${member} may only be configured during installation`,
  };
}
