import type { Clock } from './clock.ts';
import type { ClusterAccess } from './cluster-access.ts';

/** How soon a server that stopped answering counts as gone, in milliseconds. */
export interface LivenessLimits {
  /** Between two PING frames. */
  readonly interval: number;
  /** For the answer to one. */
  readonly grace: number;
}

/** client-go's health check of HTTP/2 connections. */
export const DEFAULT_LIVENESS: LivenessLimits = { interval: 30_000, grace: 15_000 };

/** Everything that rules a client's requests, decided. */
export interface SessionOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly streams: number;
  readonly http2: boolean;
  readonly connectTimeout: number;
  readonly liveness: LivenessLimits;
  /** Bytes. */
  readonly largestAnswer: number;
}
