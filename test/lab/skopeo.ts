import { run } from './run.ts';

/** Copies the image `latest` of an OCI layout to `HOST:PORT/repository:tag`, as it is; answers its digest. */
export async function pushLayout(layout: string, reference: string): Promise<string> {
  await run('skopeo', [
    ['--insecure-policy', 'copy', '--preserve-digests', '--dest-tls-verify=false'],
    [`oci:${layout}:latest`, `docker://${reference}`],
  ]);
  return digestOf(reference);
}

/** What a tag names, in the words of a foreign client. */
export async function digestOf(reference: string): Promise<string> {
  const { stdout } = await run('skopeo', [
    ['inspect', '--no-tags', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${reference}`],
  ]);
  return stdout.trim();
}
