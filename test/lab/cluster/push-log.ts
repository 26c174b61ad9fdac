import type { Script } from '../tampering-registry.ts';
import { sha256 } from '../../../src/oci/index.ts';

/** What was pushed under a tag, in its order. */
export class PushLog {
  /** Digests by `repository:tag`. */
  readonly tags = new Map<string, string[]>();

  /** Takes note of manifests that the registry accepts. */
  readonly script: Script = async ({ method, path, body }, pass) => {
    const reply = await pass();
    const { repository, tag } =
      /^\/v2\/(?<repository>.+)\/manifests\/(?<tag>[^:]+)$/u.exec(path)?.groups ?? {};
    if (method === 'PUT' && reply.status < 300 && repository !== undefined) {
      const name = `${repository}:${tag ?? ''}`;
      this.tags.set(name, [...(this.tags.get(name) ?? []), sha256(body)]);
    }
    return reply;
  };

  /** How often an image was pushed for each build, which has a tag of its own. */
  of(build: string): readonly string[] {
    return [...this.tags].filter(([name]) => name.endsWith(`:${build}`)).flatMap(([, digests]) => digests);
  }
}
