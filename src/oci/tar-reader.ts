import type { TarHeader } from './tar-header.ts';
import { TarScanner } from './tar-scanner.ts';

/** One member of an archive, with its contents when they were asked for. */
export interface TarMember extends TarHeader {
  readonly contents?: Uint8Array;
}

/** What {@link readTar} collects. */
export interface ReadTarOptions {
  /** Tells which files' contents are wanted; asked for regular files only. Default: none. */
  readonly wanted?: (header: TarHeader) => boolean;
  /** The largest file, in bytes, whose contents may be wanted. Default: 1 MiB. */
  readonly bodyLimit?: number;
}

/**
 * Reads an untrusted, uncompressed tar archive as it arrives and yields its members in order. At most one chunk and
 * what it completes are held in memory.
 * @throws {OciError} code `malformed`, `truncated`, `unsupported` or `too-large`
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarMember, void, undefined> {
  const { wanted = wantNothing, ...limits } = options;
  let complete: TarMember[] = [];
  const scanner = new TarScanner((header) => {
    if (header.type !== 'file' || !wanted(header)) {
      complete.push(header);
      return undefined;
    }
    return (contents) => void complete.push({ ...header, contents });
  }, limits);
  for await (const chunk of source) {
    scanner.push(chunk);
    if (complete.length === 0) continue;
    yield* complete;
    complete = [];
  }
  scanner.end();
}

function wantNothing(): boolean {
  return false;
}
