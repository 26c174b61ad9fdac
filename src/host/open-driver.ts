import { BootcDriver } from './bootc-driver.ts';
import type { HostCapabilities } from './host-capabilities.ts';
import type { HostDriver } from './host-driver.ts';
import { HostError } from './host-error.ts';
import type { HostRunner } from './host-runner.ts';
import type { DeployTool } from './host-status.ts';
import { type Deadlines, DEADLINES } from './host-tool.ts';
import type { ImageSource } from './image-source.ts';
import { OstreeDriver } from './ostree-driver.ts';
import { RpmOstreeDriver } from './rpm-ostree-driver.ts';

export interface DriverOptions {
  readonly host: HostRunner;
  readonly capabilities: HostCapabilities;
  /** Where images come from for the ostree driver; the other tools pull them themselves. */
  readonly images?: ImageSource;
  readonly deadlines?: Partial<Deadlines>;
  /** Milliseconds between attempts to reach rpm-ostree's daemon. Default: 1 s. */
  readonly daemonPause?: number;
}

/**
 * The driver of a host by one of its tools; `chooseDriver` says by which.
 *
 * @throws {HostError} `invalid-argument` for the ostree driver without an image source
 */
export function openDriver(tool: DeployTool, options: DriverOptions): HostDriver {
  const { host, capabilities, images, daemonPause } = options;
  const deadlines = { ...DEADLINES, ...options.deadlines };
  switch (tool) {
    case 'bootc':
      return new BootcDriver(host, capabilities, deadlines);
    case 'rpm-ostree':
      return new RpmOstreeDriver(host, capabilities, deadlines, daemonPause);
    case 'ostree':
      if (images !== undefined) return new OstreeDriver(host, capabilities, images, deadlines);
      throw new HostError(
        'invalid-argument',
        'cannot drive a host with ostree: no source of images is given',
      );
  }
}
