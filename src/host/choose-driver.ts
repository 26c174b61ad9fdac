import type { HostCapabilities } from './host-capabilities.ts';
import type { DeployTool, HostStatus } from './host-status.ts';
import { formatToolVersion, isAtLeast, type ToolVersion } from './tool-version.ts';

/** What is wanted of the driver, beyond that the host has it. */
export interface DriverWish {
  /** The tool that the pool prefers; without it bootc, then rpm-ostree, then ostree. */
  readonly preferred?: DeployTool;
  /** What the host is known to run: layered packages and the composefs backend narrow the choice. */
  readonly status?: HostStatus;
  /** The image must keep packages that are layered on the host, or bring some. */
  readonly layering?: boolean;
}

/** Which tool a host is driven with, and why no other one: sentences for a person. */
export type DriverChoice =
  | { readonly driver: DeployTool; readonly reasons: readonly string[] }
  | { readonly driver: undefined; readonly reasons: readonly string[] };

const ORDER: readonly DeployTool[] = ['bootc', 'rpm-ostree', 'ostree'];

/** The oldest releases that are driven (architecture §5). */
const OLDEST = { bootc: [1, 1], 'rpm-ostree': [2022, 16], ostree: [2022, 7] } as const;

/** Chooses the tool that drives a host: the preferred one, or the first of the others that can do what is needed. */
export function chooseDriver(host: HostCapabilities, wish: DriverWish = {}): DriverChoice {
  const { preferred } = wish;
  const order = preferred === undefined ? ORDER : [preferred, ...ORDER.filter((tool) => tool !== preferred)];
  const reasons: string[] = [];
  for (const tool of order) {
    const obstacle = obstacleOf(tool, host, wish);
    if (obstacle === undefined) return { driver: tool, reasons };
    reasons.push(`${tool}: ${obstacle}`);
  }
  return { driver: undefined, reasons };
}

/** Why a tool cannot drive the host; undefined when it can. */
function obstacleOf(tool: DeployTool, host: HostCapabilities, wish: DriverWish): string | undefined {
  const version = versionOf(tool, host);
  if (version === undefined) return 'the host does not have it';
  const oldest = OLDEST[tool];
  if (!isAtLeast(version, oldest)) {
    return `the host has ${formatToolVersion(version)}, older than ${formatToolVersion(oldest)}`;
  }
  const booted = wish.status?.booted;
  const composefs = booted?.composefs === true;
  const layered =
    wish.layering === true || booted?.incompatible === true || wish.status?.staged?.incompatible === true;
  if (composefs) return 'on the composefs backend nothing can be held back until the node is drained';
  switch (tool) {
    case 'bootc':
      return layered ? 'packages are layered on the host, and a switch would lose them' : undefined;
    case 'rpm-ostree':
      return host.rpmOstree?.containers === false ? 'it cannot rebase to container images' : undefined;
    case 'ostree':
      if (!host.ostreeBooted) return 'the host was not booted from an ostree deployment';
      return layered ? 'packages are layered on the host, and it does not know packages' : undefined;
  }
}

function versionOf(tool: DeployTool, host: HostCapabilities): ToolVersion | undefined {
  switch (tool) {
    case 'bootc':
      return host.bootc?.version;
    case 'rpm-ostree':
      return host.rpmOstree?.version;
    case 'ostree':
      return host.ostree?.version;
  }
}
