import { readFile } from 'node:fs/promises';
import { isJsonObject } from '../schema/index.ts';
import { replaceFile } from './durable-file.ts';
import { codeOf } from './file-problem.ts';

/** What an image put at a path of the node: enough to know it again, and nothing of what it holds. */
export interface PlacedForm {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Of a file: the hash of what the image has; of a link: where it leads. Of a directory: nothing. */
  readonly is: string;
}

/** How the node's files were left. */
export interface SettledPlane {
  readonly bootId: string;
  /** The image whose files they are, and the folder of its tree on the host. */
  readonly image: string;
  readonly tree: string;
  /** By path, what was asked for there. */
  readonly rules: Readonly<Record<string, string>>;
  /** Paths that are not as they should be yet. */
  readonly failed: readonly string[];
}

/** What was found to differ from the image, when it was looked at last. */
export interface RememberedDrift {
  /** The image that it differed from. */
  readonly image: string;
  readonly paths: readonly string[];
  /** Those that differed from the image before as well, and came through the update. */
  readonly survived: readonly string[];
}

/** What an agent remembers of the files that images put below its host's /var. */
export interface PlaneMemory {
  /** What the images that ran, or are about to be applied, may have left there. */
  readonly placed: readonly PlacedForm[];
  readonly settled: SettledPlane | undefined;
  readonly drift: RememberedDrift | undefined;
}

const EMPTY_PLANE: PlaneMemory = { placed: [], settled: undefined, drift: undefined };

const VERSION = 1;

/** Where the memory is kept. */
export interface PlaneStore {
  /** What is damaged is forgotten: the deployments on the disk tell most of it. */
  read(): Promise<PlaneMemory>;
  /** When it has ended, the memory outlives a power cut; when it throws, the one before it does. */
  write(memory: PlaneMemory): Promise<void>;
}

/** The memory in one file beside the journal, on the /var that it is about. */
export class PlaneMemoryFile implements PlaneStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<PlaneMemory> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return EMPTY_PLANE;
      throw error;
    }
    return parse(text) ?? EMPTY_PLANE;
  }

  async write(memory: PlaneMemory): Promise<void> {
    await replaceFile(this.#path, `${JSON.stringify({ version: VERSION, ...memory })}\n`);
  }
}

function parse(text: string): PlaneMemory | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || value['version'] !== VERSION) return undefined;
  const { placed, settled, drift } = value;
  const forms: readonly unknown[] | undefined = Array.isArray(placed) ? placed : undefined;
  if (forms === undefined || !forms.every(isForm)) return undefined;
  return {
    placed: forms,
    settled: isSettled(settled) ? settled : undefined,
    drift: isRememberedDrift(drift) ? drift : undefined,
  };
}

function isForm(value: unknown): value is PlacedForm {
  if (!isJsonObject(value)) return false;
  const { path, type, is } = value;
  return (
    typeof path === 'string' &&
    path.startsWith('/') &&
    (type === 'file' || type === 'directory' || type === 'symlink') &&
    typeof is === 'string'
  );
}

function isSettled(value: unknown): value is SettledPlane {
  if (!isJsonObject(value)) return false;
  const { bootId, image, tree, rules, failed } = value;
  return (
    typeof bootId === 'string' &&
    typeof image === 'string' &&
    typeof tree === 'string' &&
    isJsonObject(rules) &&
    Object.values(rules).every((rule) => typeof rule === 'string') &&
    areTexts(failed)
  );
}

function isRememberedDrift(value: unknown): value is RememberedDrift {
  if (!isJsonObject(value)) return false;
  const { image, paths, survived } = value;
  return typeof image === 'string' && areTexts(paths) && areTexts(survived);
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
