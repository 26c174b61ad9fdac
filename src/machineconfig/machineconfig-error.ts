/**
 * - `no-selector`, `selects-everything`, `selects-nothing`: the pool's machineConfigSelector.
 * - `duplicate-name`: two MachineConfigs of one name.
 * - `invalid-machine-config`: a MachineConfig breaks a rule on its own.
 * - `conflict`: each MachineConfig is fine, all of them together are not.
 * - `unreconcilable`: nodes cannot get from the current configuration to this one.
 * - `too-large`: the result does not fit into one object of the API.
 * - `unplaceable`: an image on this base cannot hold an item.
 */
export type MachineConfigErrorCode =
  | 'no-selector'
  | 'selects-everything'
  | 'selects-nothing'
  | 'duplicate-name'
  | 'invalid-machine-config'
  | 'conflict'
  | 'unreconcilable'
  | 'too-large'
  | 'unplaceable';

/** One thing wrong with the configuration of a pool. */
export interface Problem {
  /** The MachineConfig to correct, if a single one is at fault. */
  readonly machineConfig?: string;
  /** As in the MachineConfig: `spec.config.storage.files[0].path`. */
  readonly field?: string;
  readonly message: string;
}

export interface MachineConfigErrorOptions extends ErrorOptions {
  readonly machineConfig?: string;
  readonly field?: string;
  readonly pool?: string;
  readonly problems?: readonly Problem[];
}

/** A configuration that cannot be used as it is. Trying again does not help; somebody has to change an object. */
export class MachineConfigError extends Error {
  override readonly name = 'MachineConfigError';
  readonly code: MachineConfigErrorCode;
  readonly retryable = false;
  /** The MachineConfig at fault; the first of several. */
  readonly machineConfig: string | undefined;
  readonly field: string | undefined;
  readonly pool: string | undefined;
  /** Everything found, not only what the message has room for. */
  readonly problems: readonly Problem[];

  constructor(code: MachineConfigErrorCode, message: string, options: MachineConfigErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.machineConfig = options.machineConfig;
    this.field = options.field;
    this.pool = options.pool;
    this.problems = options.problems ?? [];
  }
}
