import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as 4 or 16 bytes. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
}

/** A network: an address, not cut off at the prefix, and how many of its bits are the network's. */
export interface IpNetwork {
  readonly address: IpAddress;
  readonly prefix: number;
}

/** Reads an address as Go's net.ParseIP does: no leading zeros, no zone. */
export function parseIp(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, bytes: text.split('.').map(Number) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return { family: 6, bytes: expand(text) };
}

/** Reads `ADDRESS/PREFIX` as Go's net.ParseCIDR does. */
export function parseCidr(text: string): IpNetwork | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(digits)) return undefined;
  const prefix = Number(digits);
  return prefix <= address.bytes.length * 8 ? { address, prefix } : undefined;
}

/** The shortest form (RFC 5952); an IPv4-mapped address in its mixed form. */
export function formatIp({ family, bytes }: IpAddress): string {
  if (family === 4) return bytes.join('.');
  if (isMapped(bytes)) return `::ffff:${bytes.slice(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, index) => groupAt(bytes, index));
  const zeros = longestZeros(groups);
  const text = groups.map((group) => group.toString(16));
  if (zeros === undefined) return text.join(':');
  return `${text.slice(0, zeros.start).join(':')}::${text.slice(zeros.end).join(':')}`;
}

/** Whether this is an IPv4 address in IPv6's clothes: `::ffff:1.2.3.4`. */
export function isMapped(bytes: readonly number[]): boolean {
  return (
    bytes.length === 16 &&
    bytes.slice(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 255 &&
    bytes[11] === 255
  );
}

/** The network's first address: the bits beyond the prefix cleared. */
export function maskIp({ address, prefix }: IpNetwork): IpAddress {
  const bytes = address.bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return { family: address.family, bytes };
}

/** Whether two addresses are the same. */
export function sameIp(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.bytes.every((byte, index) => byte === b.bytes[index]);
}

function groupAt(bytes: readonly number[], index: number): number {
  return (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0);
}

function longestZeros(groups: readonly number[]): { start: number; end: number } | undefined {
  let best: { start: number; end: number } | undefined;
  let start = 0;
  while (start < groups.length) {
    let end = start;
    while (groups[end] === 0) end += 1;
    if (end - start > 1 && end - start > (best === undefined ? 0 : best.end - best.start))
      best = { start, end };
    start = end + 1;
  }
  return best;
}

function expand(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const front = bytesOf(head);
  if (tail === undefined) return front;
  const back = bytesOf(tail);
  return [...front, ...Array<number>(16 - front.length - back.length).fill(0), ...back];
}

function bytesOf(groups: string): number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
