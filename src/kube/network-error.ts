import { NotProcessedError } from './http-answer.ts';
import { KubeError, isKubeError } from './kube-error.ts';

/** Errors of the handshake that no retry mends. */
const TLS_CODE =
  /^(?:ERR_SSL_|ERR_TLS_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|HOSTNAME_MISMATCH|ERR_OSSL_)/u;

/** Makes an error of whatever the transport or a signal threw. */
export function networkError(what: string, error: unknown, signal: AbortSignal): KubeError {
  if (signal.aborted) {
    // A deadline says so itself; what else aborts is the caller's wish.
    return isKubeError(signal.reason)
      ? signal.reason
      : new KubeError('aborted', `cannot ${what}: it was aborted`, { cause: signal.reason });
  }
  if (isKubeError(error)) return error;
  if (error instanceof NotProcessedError) {
    return new KubeError('unavailable', `cannot ${what}: ${error.message}`, {
      cause: error,
      reason: 'not-processed',
    });
  }
  const code = codeOf(error);
  const reason = error instanceof Error ? error.message || code : String(error);
  if (TLS_CODE.test(code)) {
    return new KubeError('tls', `cannot ${what}: the server's certificate or ours was refused: ${reason}`, {
      cause: error,
    });
  }
  return new KubeError('unavailable', `cannot ${what}: ${reason}`, {
    cause: error,
    ...(code === 'ECONNREFUSED' ? { reason: 'refused' } : {}),
  });
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
