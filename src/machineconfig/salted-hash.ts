import { createHash } from 'node:crypto';
import { toGoYaml } from './go-yaml.ts';
import type { JsonValue } from '../ignition/index.ts';

/** The 80 bytes that precede every hashed document (contract §2.6). */
const SALT: Uint8Array = Uint8Array.from([
  16, 124, 206, 228, 139, 56, 175, 175, 79, 229, 134, 118, 157, 154, 211, 110, 25, 93, 47, 253, 172, 106, 37,
  7, 174, 13, 160, 185, 110, 17, 87, 52, 219, 131, 12, 206, 218, 141, 116, 135, 188, 181, 192, 151, 233, 62,
  126, 165, 64, 83, 179, 119, 15, 168, 208, 197, 146, 107, 58, 227, 133, 188, 238, 26, 33, 26, 235, 202, 32,
  173, 31, 234, 41, 144, 148, 79, 6, 206, 23, 22,
]);

/**
 * The md5 in 32 hexadecimal digits over a fixed salt and the documents as YAML, one after the other: the hash in
 * the names of rendered MachineConfigs (contract §2.6) and of MachineOSBuilds (contract §4.3). A name, not a
 * protection.
 */
export function saltedHash(...documents: readonly JsonValue[]): string {
  const hash = createHash('md5').update(SALT);
  for (const document of documents) hash.update(toGoYaml(document));
  return hash.digest('hex');
}
