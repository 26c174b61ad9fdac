import {
  dns1123SubdomainProblems,
  invalidValue,
  isTrueAt,
  listAt,
  numberAt,
  objectAt,
  requiredValue,
  textAt,
} from '../../schema/index.ts';
import type { FieldError } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { ageOf } from './human-duration.ts';
import { jobSpecErrors } from './job.ts';
import { formatSelector } from './label-selector.ts';
import { ensureObject, setDefault, setDefaultText } from './members.ts';
import { podTemplateDefaults } from './pod-defaults.ts';
import { unlessNonNegative, unlessOneOf } from './problems.ts';
import { specChanged } from './strategy.ts';
import { AGE, CONTAINERS, NAME, ageCell, containerCells, nameCell } from './table.ts';

/** The jobs' names are the cron job's and a number, and must be labels. */
const MAX_NAME = 52;
const FIELD = /^[\d*/,\-?A-Za-z]+$/;

/** batch/v1 CronJob. */
export const cronJob: BuiltInKind = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  strategy: {
    status: () => ({}),
    counts: specChanged,
    names: (name) =>
      name.length > MAX_NAME
        ? [`must be no more than ${MAX_NAME} characters`]
        : dns1123SubdomainProblems(name),
    defaults(object) {
      const spec = ensureObject(object, 'spec');
      setDefaultText(spec, 'concurrencyPolicy', 'Allow');
      setDefault(spec, 'suspend', false);
      setDefault(spec, 'successfulJobsHistoryLimit', 3);
      setDefault(spec, 'failedJobsHistoryLimit', 1);
      const template = ensureObject(spec, 'jobTemplate');
      ensureObject(template, 'metadata');
      podTemplateDefaults(ensureObject(template, 'spec'));
      ensureObject(object, 'status');
    },
    validate(object) {
      const spec = objectAt(object, 'spec') ?? {};
      return [
        ...scheduleErrors(textAt(spec, 'schedule')),
        ...unlessNonNegative('spec.startingDeadlineSeconds', numberAt(spec, 'startingDeadlineSeconds')),
        ...unlessOneOf('spec.concurrencyPolicy', textAt(spec, 'concurrencyPolicy'), [
          'Allow',
          'Forbid',
          'Replace',
        ]),
        ...unlessNonNegative('spec.successfulJobsHistoryLimit', numberAt(spec, 'successfulJobsHistoryLimit')),
        ...unlessNonNegative('spec.failedJobsHistoryLimit', numberAt(spec, 'failedJobsHistoryLimit')),
        ...jobSpecErrors(objectAt(spec, 'jobTemplate', 'spec') ?? {}, 'spec.jobTemplate.spec'),
      ];
    },
  },
  table: {
    columns: [
      NAME,
      { name: 'Schedule', field: 'spec.schedule' },
      { name: 'Timezone', field: 'spec.timeZone' },
      { name: 'Suspend', type: 'boolean', field: 'spec.suspend' },
      { name: 'Active', type: 'integer', field: 'status.active' },
      { name: 'Last Schedule', field: 'status.lastScheduleTime' },
      AGE,
      ...CONTAINERS,
      { name: 'Selector', field: 'spec.jobTemplate.spec.selector', wide: true },
    ],
    cells(object, now) {
      const last = textAt(object, 'status', 'lastScheduleTime');
      const spec = objectAt(object, 'spec', 'jobTemplate', 'spec');
      return [
        nameCell(object),
        textAt(object, 'spec', 'schedule'),
        textAt(object, 'spec', 'timeZone') || '<none>',
        isTrueAt(object, 'spec', 'suspend') ? 'True' : 'False',
        listAt(object, 'status', 'active').length,
        last === '' ? '<none>' : ageOf(last, now),
        ageCell(object, now),
        ...containerCells(objectAt(spec, 'template', 'spec')),
        formatSelector(objectAt(spec, 'selector')) || '<none>',
      ];
    },
  },
};

/** Only the form: five fields, or `@daily` and the like. */
function scheduleErrors(schedule: string): FieldError[] {
  if (schedule === '') return [requiredValue('spec.schedule')];
  if (/^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)$/.test(schedule)) return [];
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5) {
    const detail = `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
    return [invalidValue('spec.schedule', schedule, detail)];
  }
  const bad = fields.find((field) => !FIELD.test(field));
  return bad === undefined
    ? []
    : [
        invalidValue(
          'spec.schedule',
          schedule,
          `failed to parse int from ${bad}: strconv.Atoi: parsing ${JSON.stringify(bad)}: invalid syntax`,
        ),
      ];
}
