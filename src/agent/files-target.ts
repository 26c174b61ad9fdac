import { folderOf, formerFolders } from './image-tree.ts';
import type { Journal } from './journal.ts';
import { referenceDeployment } from './live-record.ts';
import type { HostView } from './host-view.ts';
import type { FilesTarget } from './node-files.ts';

/** Which image's files a host is to have; undefined while nothing of a deployment runs, and while /etc is between two. */
export function filesTarget(view: HostView, journal: Journal): FilesTarget | undefined {
  const { status, bootId } = view;
  const { booted } = status;
  const reference = referenceDeployment(journal, view);
  if (reference === undefined) return undefined;
  if (reference !== booted) {
    const tree = folderOf(reference);
    const { checksum } = reference;
    if (tree === undefined || checksum === undefined) return undefined;
    return { tree, image: checksum, bootId, former: formerFolders(status) };
  }
  const image = booted?.checksum ?? booted?.image?.digest;
  if (booted === undefined || image === undefined) return undefined;
  return { tree: '', image, bootId, former: formerFolders(status) };
}
