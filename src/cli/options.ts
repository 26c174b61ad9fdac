import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { OUTPUT_FORMATS } from './output.ts';

// Options that several commands have, and what their values may be.

/** Architectures that Go names and that run image-mode hosts. */
const ARCHITECTURES = ['amd64', 'arm64', 'ppc64le', 's390x', 'riscv64', 'arm', '386', 'loong64'];

export function outputOption(): Option<
  '-o, --output <format>',
  undefined,
  undefined,
  undefined,
  false,
  (typeof OUTPUT_FORMATS)[number]
> {
  return new Option('-o, --output <format>', 'how the result is printed').choices(OUTPUT_FORMATS);
}

export function authfileOption(): Option<'--authfile <path>'> {
  return new Option(
    '--authfile <path>',
    'credentials as podman and docker keep them; their usual files by default',
  );
}

export function insecureOption(): Option<'--insecure-registry <host...>'> {
  return new Option(
    '--insecure-registry <host...>',
    'registries (host[:port]) where plain HTTP and unverified TLS are allowed',
  );
}

export function caOption(): Option<'--ca <file...>'> {
  return new Option('--ca <file...>', 'PEM files of further certificate authorities to trust');
}

export function extensionOption(): Option<'--extension <set...>'> {
  return new Option(
    '--extension <set...>',
    'what further extensions stand for, NAME=rpm:PACKAGE,PACKAGE;deb:PACKAGE (fedora: and rhel: go before rpm:)',
  );
}

export function kubeconfigOption(): Option<'--kubeconfig <file>'> {
  return new Option(
    '--kubeconfig <file>',
    "which cluster; $KUBECONFIG, the pod's own, or ~/.kube/config by default",
  );
}

export function contextOption(): Option<'--context <name>'> {
  return new Option('--context <name>', 'a context of the kubeconfig; its current one by default');
}

export function namespaceOption(): Option<'-n, --namespace <name>'> {
  return new Option(
    '-n, --namespace <name>',
    "of Varve's secrets, leases, build logs and Jobs; openshift-machine-config-operator by default",
  );
}

export function architectures(text: string): string {
  const unknown =
    text === 'all' ? [] : text.split(',').filter((name) => !ARCHITECTURES.includes(name.split('/')[0] ?? ''));
  if (unknown.length === 0) return text;
  throw new InvalidArgumentError(
    `${unknown.join(', ')} is no architecture; write all, or names as Go has them: ${ARCHITECTURES.join(', ')}`,
  );
}

/** A count of things to keep. */
export function count(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number, 0 or more');
}

/** A duration as Go writes it, in milliseconds. */
export function duration(text: string): number {
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const [, amount, name] = /^(\d{1,6})(ms|s|m|h)$/.exec(text) ?? [];
  const value = Number(amount) * unit[(name ?? 's') as keyof typeof unit];
  if (value >= 1000 && value <= 7 * 86_400_000) return value;
  throw new InvalidArgumentError('a number with its unit, such as 30s, 5m or 1h; from 1s to 168h');
}

/** `HOST:PORT`, or `:PORT` for all addresses. */
export function address(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]*)):(\d{1,5})$/i.exec(text) ?? [];
  if (digits === undefined || Number(digits) > 65_535) {
    throw new InvalidArgumentError('an address and a port, such as 127.0.0.1:8081, [::1]:8081 or :8081');
  }
  return { host: bracketed ?? (plain || '0.0.0.0'), port: Number(digits) };
}
