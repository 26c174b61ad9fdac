import { formerFolders } from './image-tree.ts';
import type { HostView } from './host-view.ts';
import type { FilesTarget } from './node-files.ts';

/** Which image's files a host is to have; undefined while nothing of a deployment runs. */
export function filesTarget({ status, bootId }: HostView): FilesTarget | undefined {
  const { booted } = status;
  const image = booted?.checksum ?? booted?.image?.digest;
  if (booted === undefined || image === undefined) return undefined;
  return { tree: '', image, bootId, former: formerFolders(status) };
}
