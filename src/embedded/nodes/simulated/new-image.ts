import type { LayerEvent, PulledImage } from './image-pull.ts';
import { stage } from './stage.ts';
import type { ToolRun } from './tool-run.ts';
import { ToolError } from './tool-error.ts';

/** Pulls an image for a command of a tool. The client of registries is loaded only then. */
export async function pull(
  run: ToolRun,
  image: string,
  onLayer: (event: LayerEvent) => void = () => {},
): Promise<PulledImage> {
  const { machine, settings, process } = run;
  if (run.faults.take('registry-gone') !== undefined) {
    const host = image.split('/')[0] ?? '';
    throw new ToolError(
      `Preparing import: Fetching manifest: failed to invoke method OpenImage: pinging container registry ${host}: Get "https://${host}/v2/": dial tcp: connect: connection refused`,
    );
  }
  const { pullImage } = await import('./image-pull.ts');
  return pullImage(image, {
    root: machine.root,
    repository: machine.repository,
    plainHttp: settings.plainHttp,
    certificateAuthorities: settings.certificateAuthorities,
    environment: process.environment,
    signal: process.signal,
    step: (phase) => run.step(phase),
    onLayer,
  });
}

/** Another program that stages what it likes as soon as something is staged, as an updater of the distribution's does. */
export async function meddle(run: ToolRun): Promise<void> {
  const fault = run.faults.take('foreign-staged');
  if (fault === undefined) return;
  const { commit } = await pull(run, fault.image);
  const origin = `[origin]\ncontainer-image-reference=ostree-unverified-registry:${fault.image}\n`;
  stage(run.machine, { commit, origin, options: 'root=LABEL=root rw', locked: false });
}
