import { machineArchitecture } from '../../../src/cli/environment.ts';
import { processBuilding, type ContainerBuilding } from '../../../src/controllers/index.ts';

/** Container builds by a buildah of this machine, for controllers of a test. @param storage a folder of the test's */
export function labBuilding(storage: string): ContainerBuilding {
  return processBuilding({
    storage,
    architecture: machineArchitecture(),
    path: process.env['PATH'] ?? '',
    uid: process.getuid?.(),
    why: 'as this test says',
  });
}
