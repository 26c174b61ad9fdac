import type { MachineConfig } from '../api/index.ts';
import { saltedHash } from './salted-hash.ts';

const RENDERED_NAME = /^rendered-.+-(?<hash>[0-9a-f]{32})$/u;

/**
 * Whether somebody has changed the spec of a rendered MachineConfig, so that it is not what its name says (contract §2.6).
 * One that nobody has written to since it was made counts as it is: its name may be from another controller's hash.
 */
export function isRenderedEdited({ metadata, spec }: MachineConfig): boolean {
  if (metadata['generation'] === 1) return false;
  const hash = RENDERED_NAME.exec(metadata.name)?.groups?.['hash'];
  return hash !== undefined && hash !== saltedHash(spec);
}
