// Nodes for the tests of this room.
import {
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  REASON_ANNOTATION,
  STATE_ANNOTATION,
} from '../api/index.ts';
import type { RolloutNode } from './node-state.ts';

/** What a node's agent says, and others of the node; `config` and `image` as `current`, or `current→desired`. */
export interface NodeFacts {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly config?: string;
  readonly image?: string;
  /** @default 'Done' */
  readonly state?: string;
  readonly reason?: string;
  readonly unschedulable?: boolean;
  readonly conditions?: Readonly<Record<string, string>>;
}

export function node(facts: NodeFacts = {}): RolloutNode {
  const { name = 'n1', labels = {}, config = '', image = '', state = 'Done', reason = '' } = facts;
  const [currentConfig = '', desiredConfig = currentConfig] = config.split('→');
  const [currentImage = '', desiredImage = currentImage] = image.split('→');
  const annotations = {
    [CURRENT_CONFIG_ANNOTATION]: currentConfig,
    [DESIRED_CONFIG_ANNOTATION]: desiredConfig,
    [CURRENT_IMAGE_ANNOTATION]: currentImage,
    [DESIRED_IMAGE_ANNOTATION]: desiredImage,
    [STATE_ANNOTATION]: state,
    [REASON_ANNOTATION]: reason,
  };
  const said = Object.entries(annotations).filter(([, value]) => value !== '');
  const conditions = Object.entries(facts.conditions ?? { Ready: 'True' });
  return {
    metadata: { name, labels, annotations: Object.fromEntries(said) },
    ...(facts.unschedulable === undefined ? {} : { spec: { unschedulable: facts.unschedulable } }),
    status: { conditions: conditions.map(([type, status]) => ({ type, status })) },
  };
}
