import { basename, dirname } from 'node:path/posix';
import { FileProblem, type PathProblem, reasonOf } from './file-problem.ts';
import { type FolderMaker, HostFolder } from './host-folder.ts';
import { HostAccounts } from './host-accounts.ts';
import { type ImageTree, readImageTree } from './image-tree.ts';
import { placeRule } from './place-rule.ts';
import type { PlacedForm, PlaneMemory, PlaneStore, SettledPlane } from './plane-memory.ts';
import { formOf, type OwnedRule, ownedRules } from './plane-rules.ts';
import { removeForms } from './remove-forms.ts';

/** What is to be brought about below the host's /var. */
export interface PlaneRequest {
  /** Where this process sees the host's root. */
  readonly root: string;
  readonly bootId: string;
  /** The folder of the image that the node is to be as: '' for what runs, a deployment's where a change is live. */
  readonly tree: string;
  /** Names that image among all: its digest or commit. */
  readonly image: string;
  /** The folders of other deployments that may have run on this /var. */
  readonly former: readonly string[];
  readonly memory: PlaneStore;
}

/** What came of it. */
export interface PlaneOutcome {
  /** Made, or made anew. */
  readonly placed: readonly string[];
  readonly removed: readonly string[];
  /** Of an earlier image, and changed on the node since: left to whoever changed them. */
  readonly left: readonly string[];
  /** What stands in the way; tried again when asked again. */
  readonly problems: readonly PathProblem[];
}

const NOTHING: PlaneOutcome = { placed: [], removed: [], left: [], problems: [] };

/** A folder on the way to a file, as systemd-tmpfiles makes it. */
const MADE: FolderMaker = () => ({ mode: 0o755, uid: 0, gid: 0 });

/**
 * Makes the node's /var what an image says of it (architecture D4), in both directions: its files are there with their very
 * bytes, mode and owner, and what an image before it had put there and this one does not have is gone, unless it was changed
 * since. Done once per boot and image; what somebody changes afterwards is drift, and not touched here. It may be killed
 * anywhere and asked again: what may have to be removed one day is on the disk before it is placed.
 *
 * @throws what the file system says where the memory cannot be read or written; nothing is touched then
 */
export async function reconcilePlane(request: PlaneRequest): Promise<PlaneOutcome> {
  const { root, memory, bootId, image } = request;
  const tree = await readImageTree(root, request.tree);
  const before = await memory.read();
  if (tree.rules === undefined) return unknownForm(request);
  const wanted = await ownedRules(tree);
  const rules = Object.fromEntries(wanted.map((owned) => [owned.rule.path, keyOf(owned)]));
  const { settled } = before;
  const isSettled = settled?.bootId === bootId && settled.image === image && isSame(settled.rules, rules);
  if (isSettled && settled.failed.length === 0) return NOTHING;
  const former = isSettled ? before.placed : union(before.placed, await formsOfAll(root, request.former));
  const forms = formsOf(wanted);
  await remember(memory, before, { ...before, placed: union(former, forms) });
  const due = dueRules(wanted, settled, request);
  const work = new PlaneWork(root, tree);
  await work.removeUnfinished([...former, ...forms]);
  await work.remove(unwanted(former, wanted));
  await work.place(due);
  const { problems } = work;
  const failed = problems.map(({ path }) => path);
  const stillThere = former.filter(({ path }) => failed.includes(path));
  await memory.write({
    ...before,
    placed: union(forms, stillThere),
    settled: { bootId, image, tree: request.tree, rules, failed },
  });
  return { placed: work.placed, removed: work.removed, left: work.left, problems };
}

/** The rules that have to be looked at: all after a boot, those that are new or failed later in it. */
function dueRules(
  wanted: readonly OwnedRule[],
  settled: SettledPlane | undefined,
  { bootId }: PlaneRequest,
): readonly OwnedRule[] {
  if (settled?.bootId !== bootId) return wanted;
  return wanted.filter(
    (owned) => settled.rules[owned.rule.path] !== keyOf(owned) || settled.failed.includes(owned.rule.path),
  );
}

/** What was put where the image has nothing, or something of another kind. */
function unwanted(former: readonly PlacedForm[], wanted: readonly OwnedRule[]): readonly PlacedForm[] {
  const types = new Map(wanted.map(({ rule }) => [rule.path, rule.type]));
  return former.filter(({ path, type }) => {
    const now = types.get(path);
    return now === undefined || (now !== 'attributes' && now !== type);
  });
}

class PlaneWork {
  readonly placed: string[] = [];
  readonly removed: string[] = [];
  readonly left: string[] = [];
  readonly problems: PathProblem[] = [];
  readonly #root: string;
  readonly #tree: ImageTree;

  constructor(root: string, tree: ImageTree) {
    this.#root = root;
    this.#tree = tree;
  }

  /** What was about to be placed when an agent was killed. */
  async removeUnfinished(forms: readonly PlacedForm[]): Promise<void> {
    for (const path of new Set(forms.map((form) => dirname(form.path)))) {
      await this.#try(path, async () => {
        await using folder = await HostFolder.open(this.#root, path);
        await folder?.removeUnfinished();
      });
    }
  }

  async remove(forms: readonly PlacedForm[]): Promise<void> {
    const outcome = await removeForms(this.#root, this.#tree.root, forms);
    this.removed.push(...outcome.removed);
    this.left.push(...outcome.left);
    this.problems.push(...outcome.problems);
  }

  async place(rules: readonly OwnedRule[]): Promise<void> {
    if (rules.length === 0) return;
    const accounts = await HostAccounts.read(this.#root);
    for (const owned of rules) {
      const { path } = owned.rule;
      await this.#try(path, async () => {
        await using folder = await HostFolder.open(this.#root, dirname(path), MADE);
        if (folder === undefined) return;
        if (await placeRule({ folder, name: basename(path), owned, tree: this.#tree, accounts })) {
          this.placed.push(path);
        }
      });
    }
  }

  async #try(path: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const reason = error instanceof FileProblem ? error.message : reasonOf(error);
      this.problems.push({ path, reason });
    }
  }
}

/** An image of a later Varve: what its systemd-tmpfiles does is all that is done. */
function unknownForm({ tree }: PlaneRequest): PlaneOutcome {
  const reason = `another version of Varve wrote this file of the image; the agent in that image reads it (in ${tree === '' ? 'what runs' : tree})`;
  return { ...NOTHING, problems: [{ path: '/usr/lib/tmpfiles.d/00-varve.conf', reason }] };
}

async function remember(file: PlaneStore, before: PlaneMemory, memory: PlaneMemory): Promise<void> {
  if (JSON.stringify(before) !== JSON.stringify(memory)) await file.write(memory);
}

async function formsOfAll(root: string, folders: readonly string[]): Promise<readonly PlacedForm[]> {
  const forms: PlacedForm[] = [];
  for (const folder of folders) forms.push(...formsOf(await ownedRules(await readImageTree(root, folder))));
  return forms;
}

function formsOf(rules: readonly OwnedRule[]): readonly PlacedForm[] {
  return rules.map(formOf).filter((form) => form !== undefined);
}

function union(one: readonly PlacedForm[], other: readonly PlacedForm[]): readonly PlacedForm[] {
  const all = new Map<string, PlacedForm>();
  for (const form of [...one, ...other]) all.set(JSON.stringify([form.path, form.type, form.is]), form);
  return [...all.values()];
}

function keyOf({ rule, sha256 }: OwnedRule): string {
  return JSON.stringify([rule, sha256]);
}

function isSame(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const paths = Object.keys(one);
  return paths.length === Object.keys(other).length && paths.every((path) => one[path] === other[path]);
}
