// An agent that brings the files of a host in line with its image, in a process that can be killed.
import { type PlaneRequest, PlaneMemoryFile, reconcilePlane } from '../../src/agent/index.ts';

const request = JSON.parse(process.argv[2] ?? '') as Omit<PlaneRequest, 'memory'>;
process.stdout.write('begins\n');
const memory = new PlaneMemoryFile(`${request.root}/var/lib/varve/files.json`);
const { problems } = await reconcilePlane({ ...request, memory });
if (problems.length > 0) throw new Error(JSON.stringify(problems));
