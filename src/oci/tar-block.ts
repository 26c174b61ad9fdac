/** The size of a tar block in bytes: headers are one block, bodies are padded to whole ones (POSIX.1-2001, "ustar"). */
export const BLOCK: number = 512;

/** A field of a header block: where it begins and how many bytes it has. */
export type Field = readonly [offset: number, length: number];

/** The fields of a ustar header. */
export const FIELD: {
  readonly name: Field;
  readonly mode: Field;
  readonly uid: Field;
  readonly gid: Field;
  readonly size: Field;
  readonly mtime: Field;
  readonly checksum: Field;
  readonly typeflag: Field;
  readonly linkname: Field;
  /** Magic and version together. */
  readonly magic: Field;
  readonly prefix: Field;
} = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
};

/** The number of bytes that `size` bytes take when padded to whole blocks. */
export function paddedSize(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/**
 * The sum of the bytes of the header at `offset`, its checksum field counted as spaces. Some old writers summed
 * signed bytes; `signed` has that sum.
 */
export function headerSum(bytes: Uint8Array, offset: number): { unsigned: number; signed: number } {
  let unsigned = 0;
  let high = 0;
  for (let at = offset, end = offset + BLOCK; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    unsigned += byte;
    high += byte >> 7;
  }
  const [start, length] = FIELD.checksum;
  for (let at = offset + start, end = at + length; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    unsigned -= byte;
    high -= byte >> 7;
  }
  unsigned += length * 0x20;
  return { unsigned, signed: unsigned - high * 256 };
}
