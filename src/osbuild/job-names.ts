import { createHash } from 'node:crypto';

/** The names of the objects of a container build that runs as a Job (contract §4.4). */
export interface JobNames {
  readonly job: string;
  /** What the names of its pods begin with: the API cuts it to leave room for its five characters. */
  readonly pods: string;
  readonly containerfile: string;
  readonly authorities: string;
  readonly policy: string;
  readonly registries: string;
  readonly pull: string;
  readonly push: string;
  readonly proxies: string;
  /** What the Job says: in the end, and as it goes. */
  readonly digest: string;
  readonly output: string;
  /** Of the Secret with the files of a mount, by its path in the build. */
  mount(path: string): string;
}

/** Of a Job, whose name is a label's value on its pods; and of a label's value. */
const MAX_LABEL = 63;
/** Of all other objects. */
const MAX_NAME = 253;
/** Of a generated name, before the random characters. */
const MAX_GENERATED = 58;
/** The architecture whose objects have the contract's very names; those of another say which. */
const UNNAMED_ARCHITECTURE = 'amd64';

/** The same build and architecture, the same names. */
export function jobNames(build: string, architecture: string): JobNames {
  const whose = architecture === UNNAMED_ARCHITECTURE ? build : `${build}-${architecture}`;
  const named = (prefix: string): string => shortened(`${prefix}-${whose}`, MAX_NAME);
  const job = shortened(`build-${whose}`, MAX_LABEL);
  return {
    job,
    pods: `${job}-`.slice(0, MAX_GENERATED),
    containerfile: named('containerfile'),
    authorities: named('additionaltrustbundle'),
    policy: named('etc-policy'),
    registries: named('etc-registries'),
    pull: named('base'),
    push: named('final'),
    proxies: named('proxy'),
    digest: named('digest'),
    output: named('output'),
    mount: (path) =>
      named(
        path
          .replaceAll(/[^a-z0-9]+/gi, '-')
          .replace(/^-/, '')
          .toLowerCase(),
      ),
  };
}

/** The name of an object as the value of a label. */
export function labelValue(name: string): string {
  return shortened(name, MAX_LABEL);
}

/** A name that is too long keeps its beginning; the rest becomes a hash of the whole. */
function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  const kept = name.slice(0, most - hash.length - 1).replace(/[^a-z0-9]+$/i, '');
  return `${kept}-${hash}`;
}
