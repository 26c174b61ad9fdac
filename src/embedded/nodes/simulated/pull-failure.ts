import type { OciError } from '../../../oci/index.ts';
import { ToolError } from './tool-error.ts';

/** Why an image cannot be had, in the words of skopeo's proxy, which the host's tools pull with (host-contract §9.1). */
export function pullFailure(name: string, error: OciError): ToolError {
  const registry = name.slice(0, Math.max(name.indexOf('/'), 0));
  const words = wordsOf(error, registry);
  return new ToolError(
    `Preparing import: Fetching manifest: failed to invoke method OpenImage: reading manifest of ${name}: ${words}`,
  );
}

function wordsOf(error: OciError, registry: string): string {
  switch (error.code) {
    case 'unauthorized':
    case 'auth-file':
      return `unauthorized: authentication required (${error.message})`;
    case 'denied':
      return 'denied: requested access to the resource is denied';
    case 'not-found':
      return 'manifest unknown';
    case 'blob-unknown':
      return 'fetching blob: received unexpected HTTP status: 404 Not Found: blob unknown to registry';
    case 'rate-limited':
      return 'toomanyrequests: too many requests to registry (HTTP 429)';
    case 'registry-error':
      return 'received unexpected HTTP status: 500 Internal Server Error';
    case 'unreachable':
      return `pinging container registry ${registry}: Get "https://${registry}/v2/": dial tcp: connect: connection refused`;
    case 'tls':
      return `pinging container registry ${registry}: tls: failed to verify certificate: x509: certificate signed by unknown authority`;
    case 'digest-mismatch':
      return `Digest did not match (${error.message})`;
    case 'truncated':
      return 'unexpected EOF';
    case 'invalid-reference':
    case 'invalid-digest':
      return `invalid reference format: ${error.message}`;
    case 'aborted':
    case 'invalid-option':
    case 'malformed':
    case 'manifest-invalid':
    case 'redirect-loop':
    case 'tar-rule':
    case 'too-large':
    case 'unsupported':
      return `Unhandled layer type: ${error.message}`;
  }
}
