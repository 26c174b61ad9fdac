import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the nodes of a directory are: each start has those of the last one. */
export interface RememberedNodes {
  readonly count: number;
  readonly engine: NodeEngine;
  readonly tool: NodeTool;
}

/** What nodes stand on. */
export const NODE_ENGINES = ['simulated', 'nspawn'] as const;
export type NodeEngine = (typeof NODE_ENGINES)[number];

/** What deploys images on simulated nodes. */
export const NODE_TOOLS = ['bootc', 'rpm-ostree', 'ostree'] as const;
export type NodeTool = (typeof NODE_TOOLS)[number];

const FILE = 'nodes.json';
const NONE: RememberedNodes = { count: 0, engine: 'simulated', tool: 'bootc' };

export async function readNodes(directory: string): Promise<RememberedNodes> {
  try {
    const { count, engine, tool } = JSON.parse(
      await readFile(join(directory, FILE), 'utf8'),
    ) as Partial<RememberedNodes>;
    return {
      count: typeof count === 'number' && Number.isInteger(count) && count >= 0 ? count : 0,
      engine: NODE_ENGINES.find((known) => known === engine) ?? NONE.engine,
      tool: NODE_TOOLS.find((known) => known === tool) ?? NONE.tool,
    };
  } catch {
    // None yet, or nothing that was ever written there.
    return NONE;
  }
}

export async function writeNodes(directory: string, nodes: RememberedNodes): Promise<void> {
  const path = join(directory, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(nodes)}\n`);
  await rename(`${path}.new`, path);
}
