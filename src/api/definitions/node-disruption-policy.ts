import { k } from '../../schema/index.ts';
import { memberOf } from './rules.ts';
import type { ValidationRule } from '../../schema/index.ts';

const serviceName = k.string({
  maxLength: 255,
  rules: [
    {
      rule: "self.matches('\\\\.(service|socket|device|mount|automount|swap|target|path|timer|snapshot|slice|scope)$')",
      message:
        'Invalid ${SERVICETYPE} in service name. Expected format is ${NAME}${SERVICETYPE}, where ${SERVICETYPE} must be one of ".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer",".snapshot", ".slice" or ".scope".',
    },
    {
      rule: "self.matches('^[a-zA-Z0-9:._\\\\\\\\-]+\\\\..')",
      message:
        'Invalid ${NAME} in service name. Expected format is ${NAME}${SERVICETYPE}, where {NAME} must be atleast 1 character long and can only consist of alphabets, digits, ":", "-", "_", ".", and "\\"',
    },
  ],
});

const service = k.object({ serviceName }, { required: ['serviceName'] });

const SPEC_ACTIONS = ['Reboot', 'Drain', 'Reload', 'Restart', 'DaemonReload', 'None'] as const;
/** `Special` is what users cannot ask for. */
const STATUS_ACTIONS = [...SPEC_ACTIONS, 'Special'] as const;

/** What a change costs a node, as a user has it: only what differs from the defaults. */
export const nodeDisruptionPolicy = policies(SPEC_ACTIONS, 50);

/** The same with the defaults merged in. */
export const clusterPolicies = policies(STATUS_ACTIONS, 100);

function policies<const W extends string>(words: readonly [W, ...W[]], maxItems: number) {
  const actions = actionsOf(words);
  return k.object({
    files: k.listMap(k.object({ path: k.string(), actions }, { required: ['actions', 'path'] }), ['path'], {
      description: 'What a change of a file costs; a directory stands for what is below it.',
      maxItems,
    }),
    units: k.listMap(k.object({ name: serviceName, actions }, { required: ['actions', 'name'] }), ['name'], {
      description: 'What a change of a systemd unit costs.',
      maxItems,
    }),
    sshkey: k.object({ actions }, { description: 'What a change of ssh keys costs.', required: ['actions'] }),
  });
}

function actionsOf<const W extends string>(words: readonly [W, ...W[]]) {
  return k.list(
    k.object(
      { type: k.enum(words), reload: service, restart: service },
      {
        required: ['type'],
        rules: [
          memberOf({ member: 'reload', discriminator: 'type', value: 'Reload' }),
          memberOf({ member: 'restart', discriminator: 'type', value: 'Restart' }),
        ],
      },
    ),
    { description: 'Done in this order.', maxItems: 10, rules: [alone('Reboot'), alone('None')] },
  );
}

function alone(action: string): ValidationRule {
  return {
    rule: `self.exists(x, x.type=='${action}') ? size(self) == 1 : true`,
    message: `${action} action can only be specified standalone, as it will override any other actions`,
  };
}
