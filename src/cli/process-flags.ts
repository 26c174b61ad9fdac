/** How Node is started for a command that lasts; bin/varve, which cannot read this, says the same. */
interface ProcessFlags {
  readonly v8: readonly string[];
  /** Of glibc: each keeps what it was once given. */
  readonly arenas: number;
}

export const LASTING: Readonly<Record<'up' | 'controller' | 'agent', ProcessFlags>> = {
  up: {
    v8: ['--max-semi-space-size=8', '--heap-growing-percent=60', '--no-allocation-site-pretenuring'],
    arenas: 2,
  },
  controller: { v8: ['--max-semi-space-size=4', '--heap-growing-percent=40'], arenas: 1 },
  // Node's own snapshot and the compilers that optimise hold more than an agent at rest does; what is much work on a node
  // (hashes, compression, TLS) is no JavaScript.
  agent: {
    v8: [
      '--no-node-snapshot',
      '--no-opt',
      '--no-maglev',
      '--no-sparkplug',
      '--optimize-for-size',
      '--single-threaded-gc',
      '--max-semi-space-size=1',
      '--heap-growing-percent=20',
    ],
    arenas: 1,
  },
};

/** Flags of one command that another one must not get. */
const OF_ONE: ReadonlySet<string> = new Set(Object.values(LASTING).flatMap(({ v8 }) => v8));

/** How this very program is started for another command: with that one's flags in the place of its own. */
export function programOf(
  command: keyof typeof LASTING,
  program: readonly string[],
): { readonly program: readonly string[]; readonly environment: Readonly<Record<string, string>> } {
  const { v8, arenas } = LASTING[command];
  const [node = '', ...rest] = program.filter((word) => !OF_ONE.has(word));
  return { program: [node, ...v8, ...rest], environment: { MALLOC_ARENA_MAX: String(arenas) } };
}
