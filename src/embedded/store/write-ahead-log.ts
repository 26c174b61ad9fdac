import { closeSync, openSync, readSync } from 'node:fs';
import { isErrno } from '../errno.ts';

/**
 * What the write-ahead log of a database that nobody has open is like. SQLite takes the log to end at the first frame that is
 * damaged, since a power failure leaves such an end, and forgets all that follows. But every commit was synced before the
 * next one began: if one more commit follows the damage, what is damaged had been acknowledged, and a person has to know.
 *
 * Format: https://www.sqlite.org/fileformat.html §4.1.
 * @returns `absent`: missing, or nothing was ever synced to it; `sound`; or `damaged`: SQLite would lose committed writes
 */
export function inspectLog(path: string): LogState {
  let descriptor;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 'absent';
    throw error;
  }
  try {
    return inspectFrames(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export type LogState = 'absent' | 'sound' | 'damaged';

const HEADER = 32;
const FRAME_HEADER = 24;
/** The header's first four bytes; the lowest bit tells the byte order of the checksums. */
const MAGIC = 0x37_7f_06_82;

function inspectFrames(descriptor: number): LogState {
  const header = Buffer.alloc(HEADER);
  if (readSync(descriptor, header, 0, HEADER, 0) < HEADER) return 'absent';
  // The file system had given the log its size, but no contents yet.
  if (header.every((byte) => byte === 0)) return 'absent';
  const magic = header.readUInt32BE(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return 'damaged';
  const checksum = new LogChecksum((magic & 1) === 1);
  checksum.add(header.subarray(0, 24));
  if (!checksum.equals(header, 24)) return 'damaged';

  const salt = header.subarray(16, 24);
  const frame = Buffer.alloc(FRAME_HEADER + header.readUInt32BE(8));
  let sound = true;
  let commitAfterDamage = false;
  for (let place = HEADER; readSync(descriptor, frame, 0, frame.length, place) === frame.length;) {
    place += frame.length;
    // Left over from before the log was last begun anew.
    const isOld = !frame.subarray(8, 16).equals(salt);
    if (sound) {
      checksum.add(frame.subarray(0, 8));
      checksum.add(frame.subarray(FRAME_HEADER));
      sound = !isOld && checksum.equals(frame, 16);
    }
    if (sound || isOld) continue;
    if (commitAfterDamage) return 'damaged';
    commitAfterDamage = frame.readUInt32BE(4) !== 0;
  }
  return 'sound';
}

/** SQLite's running checksum of a log. */
class LogChecksum {
  readonly #bigEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(bigEndian: boolean) {
    this.#bigEndian = bigEndian;
  }

  add(bytes: Buffer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let first = this.#first;
    let second = this.#second;
    for (let i = 0; i + 8 <= bytes.length; i += 8) {
      first = (first + view.getUint32(i, !this.#bigEndian) + second) >>> 0;
      second = (second + view.getUint32(i + 4, !this.#bigEndian) + first) >>> 0;
    }
    this.#first = first;
    this.#second = second;
  }

  /** Compares with the checksum that is stored at a place, which is big-endian always. */
  equals(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32BE(at) === this.#first && bytes.readUInt32BE(at + 4) === this.#second;
  }
}
