import { OciError } from './oci-error.ts';

/** The prefix of the PAX records that carry extended attributes; the only spelling that the host reads (host-contract §5.2). */
export const XATTR_PREFIX: string = 'SCHILY.xattr.';

/**
 * Writes PAX extended header records, `length key=value\n` (POSIX.1-2001, "pax Extended Header"). Values are bytes:
 * `security.capability` is binary, and a writer that takes it for text corrupts it.
 */
export function encodePaxRecords(records: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [key, value] of records) {
    const middle = Buffer.from(` ${key}=`);
    const rest = middle.length + value.length + 1;
    // The length counts its own digits.
    let length = rest + String(rest).length;
    if (String(length).length !== String(rest).length) length = rest + String(length).length;
    parts.push(Buffer.from(String(length)), middle, value, LINE_END);
  }
  return Buffer.concat(parts);
}

/**
 * Reads PAX extended header records; of records with the same key the last one holds.
 * @throws {OciError} code `malformed`
 */
export function decodePaxRecords(block: Uint8Array): Map<string, Uint8Array> {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  const records = new Map<string, Uint8Array>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(SPACE, at);
    const digits = space < 0 || space - at > MAX_DIGITS ? '' : bytes.toString('latin1', at, space);
    if (!/^\d+$/u.test(digits)) throw malformed('a record does not begin with its length');
    const end = at + Number(digits);
    const equals = bytes.indexOf(EQUALS, space);
    if (end > bytes.length || equals < 0 || equals >= end || bytes[end - 1] !== NEWLINE) {
      throw malformed('a record is not of the form "length key=value" and a line end');
    }
    records.set(
      bytes.toString('utf8', space + 1, equals),
      Uint8Array.from(bytes.subarray(equals + 1, end - 1)),
    );
    at = end;
  }
  return records;
}

const LINE_END = Buffer.from('\n');
const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const MAX_DIGITS = 10;

function malformed(reason: string): OciError {
  return new OciError('malformed', `cannot read tar archive: in a PAX header ${reason}`);
}
