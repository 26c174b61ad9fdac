import { k } from '../../schema/index.ts';

/** Addresses to use in place of AWS's own. */
export const awsServiceEndpoints = k.list(
  k.object({ name: k.string({ pattern: '^[a-z0-9-]+$' }), url: k.string({ pattern: '^https://' }) }),
);

/** Addresses to use in place of Power's own. */
export const powerServiceEndpoints = k.listMap(
  k.object(
    {
      name: k.enum([
        'CIS',
        'COS',
        'COSConfig',
        'DNSServices',
        'GlobalCatalog',
        'GlobalSearch',
        'GlobalTagging',
        'HyperProtect',
        'IAM',
        'KeyProtect',
        'Power',
        'ResourceController',
        'ResourceManager',
        'VPC',
      ]),
      url: k.string({ format: 'uri', pattern: '^https://' }),
    },
    { required: ['name', 'url'] },
  ),
  ['name'],
);

/** Addresses to use in place of IBM Cloud's own. */
export const ibmServiceEndpoints = k.listMap(
  k.object(
    {
      name: k.enum([
        'CIS',
        'COS',
        'COSConfig',
        'DNSServices',
        'GlobalCatalog',
        'GlobalSearch',
        'GlobalTagging',
        'HyperProtect',
        'IAM',
        'KeyProtect',
        'ResourceController',
        'ResourceManager',
        'VPC',
      ]),
      url: k.string({
        maxLength: 300,
        rules: [{ rule: 'isURL(self)', message: 'url must be a valid absolute URL' }],
      }),
    },
    { required: ['name', 'url'] },
  ),
  ['name'],
);
