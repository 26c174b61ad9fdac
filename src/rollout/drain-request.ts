/** What an agent asks of whoever drains nodes: the value of the annotation desiredDrain (contract §3.9). */
export interface DrainRequest {
  readonly verb: 'drain' | 'uncordon';
  /** The rendered MachineConfig that it is asked for. */
  readonly config: string;
}

/** Reads `drain-CONFIG` or `uncordon-CONFIG`; undefined where it is neither. */
export function parseDrainRequest(text: string): DrainRequest | undefined {
  const [, verb, config = ''] = /^(drain|uncordon)-(.+)$/su.exec(text) ?? [];
  return verb === 'drain' || verb === 'uncordon' ? { verb, config } : undefined;
}
