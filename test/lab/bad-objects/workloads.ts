import { bad, invalid, merge, NOT_NEGATIVE, post, type BadObjects, type Cause } from './bad-object.ts';

const POD = { containers: [{ name: 'c', image: 'i' }] };
const template = (spec: object = {}, labels: object = { app: 'x' }): object => ({
  metadata: { labels },
  spec: { ...POD, ...spec },
});
const deployment = (spec: object, name = 'x'): ReturnType<typeof post> =>
  post('deployments', {
    metadata: { name },
    spec: { selector: { matchLabels: { app: 'x' } }, template: template(), ...spec },
  });
const badDeployment = (...causes: Cause[]): ReturnType<typeof invalid> =>
  invalid('Deployment.apps', 'x', ...causes);
const job = (spec: object, name = 'x'): ReturnType<typeof post> =>
  post('jobs', {
    metadata: { name },
    spec: { template: { spec: { restartPolicy: 'Never', ...POD } }, ...spec },
  });
const badJob = (...causes: Cause[]): ReturnType<typeof invalid> => invalid('Job.batch', 'x', ...causes);
const cronJob = (spec: object, name = 'x'): ReturnType<typeof post> =>
  post('cronjobs', {
    metadata: { name },
    spec: {
      schedule: '*/5 * * * *',
      jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', ...POD } } } },
      ...spec,
    },
  });
const badCronJob = (...causes: Cause[]): ReturnType<typeof invalid> =>
  invalid('CronJob.batch', 'x', ...causes);
const budget = (spec: object): ReturnType<typeof post> =>
  post('poddisruptionbudgets', {
    metadata: { name: 'x' },
    spec: { selector: { matchLabels: { app: 'x' } }, ...spec },
  });
const badBudget = (...causes: Cause[]): ReturnType<typeof invalid> =>
  invalid('PodDisruptionBudget.policy', 'x', ...causes);

/** apps, batch and policy (k8s.io/kubernetes/pkg/apis/{apps,batch,policy}/validation). */
export const badWorkloads: BadObjects = {
  'a negative number of replicas, and a selector that selects others': bad(
    deployment({ replicas: -1, selector: { matchLabels: { app: 'other' } } }),
    badDeployment(
      ['spec.replicas', `Invalid value: -1: ${NOT_NEGATIVE}`],
      [
        'spec.template.metadata.labels',
        'Invalid value: {"app":"x"}: `selector` does not match template `labels`',
      ],
    ),
  ),
  'a Deployment without a selector': bad(
    post('deployments', { metadata: { name: 'x' }, spec: { template: template() } }),
    badDeployment(
      ['spec.selector', 'Required value'],
      [
        'spec.template.metadata.labels',
        'Invalid value: {"app":"x"}: `selector` does not match template `labels`',
      ],
    ),
  ),
  'a Deployment that selects everything': bad(
    deployment({ selector: {} }),
    badDeployment(['spec.selector', 'Invalid value: {}: empty selector is invalid for deployment']),
  ),
  'a Deployment of pods that end': bad(
    deployment({ template: template({ restartPolicy: 'OnFailure' }) }),
    badDeployment([
      'spec.template.spec.restartPolicy',
      'Unsupported value: "OnFailure": supported values: "Always"',
    ]),
  ),
  'a Deployment without a container': bad(
    deployment({ template: template({ containers: [] }) }),
    badDeployment(['spec.template.spec.containers', 'Required value']),
  ),
  'a Deployment that may neither surge nor be unavailable': bad(
    deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    badDeployment([
      'spec.strategy.rollingUpdate.maxUnavailable',
      'Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ]),
  ),
  'a strategy that there is not': bad(
    deployment({ strategy: { type: 'Bogus' } }),
    badDeployment([
      'spec.strategy.type',
      'Unsupported value: "Bogus": supported values: "Recreate", "RollingUpdate"',
    ]),
  ),
  'another selector of a Deployment': bad(
    merge('deployments/selecting', {
      spec: {
        selector: { matchLabels: { app: 'x', x: 'y' } },
        template: { metadata: { labels: { x: 'y' } } },
      },
    }),
    invalid('Deployment.apps', 'selecting', [
      'spec.selector',
      'Invalid value: {"matchLabels":{"app":"x","x":"y"}}: field is immutable',
    ]),
    deployment({}, 'selecting'),
  ),
  'a negative scale': bad(
    merge('deployments/selecting/scale', { spec: { replicas: -1 } }),
    invalid('Scale.autoscaling', 'selecting', ['spec.replicas', `Invalid value: -1: ${NOT_NEGATIVE}`]),
  ),
  'another service of a StatefulSet': bad(
    merge('statefulsets/named', { spec: { serviceName: 'other' } }),
    {
      status: 422,
      reason: 'Invalid',
      message:
        /^StatefulSet\.apps "named" is invalid: spec: Forbidden: updates to statefulset spec for fields other than .*'replicas'.*'template'.*'updateStrategy'.* are forbidden$/,
      details: { name: 'named', group: 'apps', kind: 'StatefulSet' },
    },
    post('statefulsets', {
      metadata: { name: 'named' },
      spec: { serviceName: 's', selector: { matchLabels: { app: 'x' } }, template: template() },
    }),
  ),
  'a Job whose pods never end': bad(
    job({ template: { spec: POD } }),
    badJob(['spec.template.spec.restartPolicy', 'Required value: valid values: "OnFailure", "Never"']),
  ),
  'a Job of negative parallelism': bad(
    job({ parallelism: -1 }),
    badJob(['spec.parallelism', `Invalid value: -1: ${NOT_NEGATIVE}`]),
  ),
  'a Job of negative completions': bad(
    job({ completions: -1 }),
    badJob(['spec.completions', `Invalid value: -1: ${NOT_NEGATIVE}`]),
  ),
  'a Job that backs off negatively': bad(
    job({ backoffLimit: -1 }),
    badJob(['spec.backoffLimit', `Invalid value: -1: ${NOT_NEGATIVE}`]),
  ),
  'a Job that lives on negatively': bad(
    job({ ttlSecondsAfterFinished: -1 }),
    badJob(['spec.ttlSecondsAfterFinished', `Invalid value: -1: ${NOT_NEGATIVE}`]),
  ),
  'another template of a Job': bad(
    merge('jobs/running', { spec: { template: { spec: { containers: [{ name: 'c', image: 'other' }] } } } }),
    {
      status: 422,
      reason: 'Invalid',
      message: /^Job\.batch "running" is invalid: spec\.template: Invalid value: .*: field is immutable$/s,
      details: { name: 'running', group: 'batch', kind: 'Job' },
    },
    job({}, 'running'),
  ),
  'more completions of a Job': bad(
    merge('jobs/running', { spec: { completions: 5 } }),
    invalid('Job.batch', 'running', ['spec.completions', 'Invalid value: 5: field is immutable']),
  ),
  'a schedule of one field': bad(
    cronJob({ schedule: 'daily' }),
    badCronJob(['spec.schedule', 'Invalid value: "daily": expected exactly 5 fields, found 1: [daily]']),
  ),
  'no schedule': bad(cronJob({ schedule: '' }), badCronJob(['spec.schedule', 'Required value'])),
  'a concurrency that there is not': bad(
    cronJob({ concurrencyPolicy: 'Maybe' }),
    badCronJob([
      'spec.concurrencyPolicy',
      'Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
    ]),
  ),
  'a CronJob name of 53 bytes': bad(
    cronJob({}, 'a'.repeat(53)),
    invalid('CronJob.batch', 'a'.repeat(53), [
      'metadata.name',
      `Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`,
    ]),
  ),
  'a budget that is both minimal and maximal': bad(budget({ minAvailable: 1, maxUnavailable: 1 }), {
    status: 422,
    reason: 'Invalid',
    message:
      /^PodDisruptionBudget\.policy "x" is invalid: spec: Invalid value: \{.*"MinAvailable":1.*\}: minAvailable and maxUnavailable cannot be both set$/,
    details: { name: 'x', group: 'policy', kind: 'PodDisruptionBudget' },
  }),
  'a budget of less than no pod': bad(
    budget({ minAvailable: -1 }),
    badBudget(['spec.minAvailable', `Invalid value: -1: ${NOT_NEGATIVE}`]),
  ),
  'a budget of more than all pods': bad(
    budget({ maxUnavailable: '150%' }),
    badBudget(['spec.maxUnavailable', 'Invalid value: "150%": must not be greater than 100%']),
  ),
  'a budget of a word': bad(
    budget({ minAvailable: 'some' }),
    badBudget([
      'spec.minAvailable',
      `Invalid value: "some": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`,
    ]),
  ),
  'a budget with a policy that there is not': bad(
    budget({ minAvailable: 1, unhealthyPodEvictionPolicy: 'Bogus' }),
    badBudget([
      'spec.unhealthyPodEvictionPolicy',
      'Unsupported value: "Bogus": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ]),
  ),
  'a selector with an operator that there is not': bad(
    budget({ minAvailable: 1, selector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } }),
    badBudget([
      'spec.selector.matchExpressions[0].operator',
      'Invalid value: "Near": not a valid selector operator',
    ]),
  ),
  'a selector that wants one of none': bad(
    budget({ minAvailable: 1, selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
    badBudget([
      'spec.selector.matchExpressions[0].values',
      "Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ]),
  ),
  'a selector that wants none of some': bad(
    budget({
      minAvailable: 1,
      selector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] },
    }),
    badBudget([
      'spec.selector.matchExpressions[0].values',
      "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    ]),
  ),
};
