import { formatIp, isMapped, maskIp, parseCidr, parseIp, sameIp } from '../../ip.ts';
import type { IpAddress, IpNetwork } from '../../ip.ts';
import { goQuote } from '../../go-format.ts';
import { CelError, noSuchOverload } from '../errors.ts';
import { namespaced, OPAQUE_TYPES, overload } from '../functions.ts';
import type { Overload } from '../functions.ts';
import { Opaque } from '../values.ts';
import type { CelValue } from '../values.ts';
import { paidText } from './operators.ts';

const IP = OPAQUE_TYPES.get('ip') ?? '';
const CIDR = OPAQUE_TYPES.get('cidr') ?? '';

/** Kubernetes' IP and CIDR libraries. */
export const ADDRESSES: readonly Overload[] = [
  overload('ip(string): ip', ([text], budget) => ipValue(addressOf(paidText(text, budget)))),
  overload('isIP(string): bool', ([text], budget) => readIp(paidText(text, budget)) !== undefined),
  namespaced('ip', 'isCanonical(string): bool', ([value], budget) => {
    const text = paidText(value, budget);
    return formatIp(addressOf(text)) === text;
  }),
  overload('string(ip): string', ([value]) => formatIp(ipOf(value))),
  overload('ip.family(): int', ([value]) => BigInt(ipOf(value).family)),
  overload('ip.isUnspecified(): bool', ([value]) => ipOf(value).bytes.every((byte) => byte === 0)),
  overload('ip.isLoopback(): bool', ([value]) => isLoopback(ipOf(value))),
  overload('ip.isLinkLocalMulticast(): bool', ([value]) => isLinkLocalMulticast(ipOf(value))),
  overload('ip.isLinkLocalUnicast(): bool', ([value]) => isLinkLocalUnicast(ipOf(value))),
  overload('ip.isGlobalUnicast(): bool', ([value]) => isGlobalUnicast(ipOf(value))),
  overload('cidr(string): cidr', ([text], budget) => cidrValue(networkOf(paidText(text, budget)))),
  overload('isCIDR(string): bool', ([text], budget) => readCidr(paidText(text, budget)) !== undefined),
  overload('string(cidr): string', ([value]) => formatCidr(cidrOf(value))),
  overload('cidr.containsIP(string): bool', ([value, text], budget) =>
    contains(cidrOf(value), addressOf(paidText(text, budget))),
  ),
  overload('cidr.containsIP(ip): bool', ([value, other]) => contains(cidrOf(value), ipOf(other))),
  overload('cidr.containsCIDR(string): bool', ([value, text], budget) =>
    includes(cidrOf(value), networkOf(paidText(text, budget))),
  ),
  overload('cidr.containsCIDR(cidr): bool', ([value, other]) => includes(cidrOf(value), cidrOf(other))),
  overload('cidr.ip(): ip', ([value]) => ipValue(cidrOf(value).address)),
  overload('cidr.prefixLength(): int', ([value]) => BigInt(cidrOf(value).prefix)),
  overload('cidr.masked(): cidr', ([value]) => {
    const network = cidrOf(value);
    return cidrValue({ address: maskIp(network), prefix: network.prefix });
  }),
];

/** Addresses in two forms at once, IPv4 in IPv6, are refused. */
function readIp(text: string): IpAddress | undefined {
  const address = parseIp(text);
  return address === undefined || isMapped(address.bytes) ? undefined : address;
}

function readCidr(text: string): IpNetwork | undefined {
  const network = parseCidr(text);
  return network === undefined || isMapped(network.address.bytes) ? undefined : network;
}

function addressOf(text: string): IpAddress {
  const address = readIp(text);
  if (address !== undefined) return address;
  throw new CelError(
    `IP Address ${goQuote(text)} parse error during conversion from string: unable to parse IP`,
  );
}

function networkOf(text: string): IpNetwork {
  const network = readCidr(text);
  if (network !== undefined) return network;
  throw new CelError(`network address parse error during conversion from string: ${goQuote(text)}`);
}

function ipValue(address: IpAddress): Opaque<IpAddress> {
  return new Opaque(IP, address, (other) => sameIp(address, other));
}

function cidrValue(network: IpNetwork): Opaque<IpNetwork> {
  return new Opaque(CIDR, network, (other) => {
    return network.prefix === other.prefix && sameIp(network.address, other.address);
  });
}

function ipOf(value: CelValue | undefined): IpAddress {
  if (value instanceof Opaque && value.typeName === IP) return value.content as IpAddress;
  throw noSuchOverload();
}

function cidrOf(value: CelValue | undefined): IpNetwork {
  if (value instanceof Opaque && value.typeName === CIDR) return value.content as IpNetwork;
  throw noSuchOverload();
}

function formatCidr({ address, prefix }: IpNetwork): string {
  return `${formatIp(address)}/${prefix}`;
}

function contains({ address, prefix }: IpNetwork, other: IpAddress): boolean {
  if (address.family !== other.family) return false;
  return sameIp(maskIp({ address, prefix }), maskIp({ address: other, prefix }));
}

function includes(network: IpNetwork, other: IpNetwork): boolean {
  return network.prefix <= other.prefix && contains(network, other.address);
}

function isLoopback({ family, bytes }: IpAddress): boolean {
  if (family === 4) return bytes[0] === 127;
  return bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
}

function isLinkLocalMulticast({ family, bytes }: IpAddress): boolean {
  const [first = 0, second = 0, third = 0] = bytes;
  if (family === 4) return first === 224 && second === 0 && third === 0;
  return first === 0xff && (second & 0x0f) === 0x02;
}

function isLinkLocalUnicast({ family, bytes }: IpAddress): boolean {
  const [first = 0, second = 0] = bytes;
  if (family === 4) return first === 169 && second === 254;
  return first === 0xfe && (second & 0xc0) === 0x80;
}

function isGlobalUnicast(address: IpAddress): boolean {
  const { family, bytes } = address;
  const multicast = family === 4 ? (bytes[0] ?? 0) >> 4 === 14 : bytes[0] === 0xff;
  const broadcast = family === 4 && bytes.every((byte) => byte === 255);
  const unspecified = bytes.every((byte) => byte === 0);
  return !(multicast || broadcast || unspecified || isLoopback(address) || isLinkLocalUnicast(address));
}
