/** How much a server bears with its clients. Times are in milliseconds. */
export interface ServerLimits {
  /** Connections at one time. */
  readonly connections: number;
  /** From a connection to its first request's head, TLS handshake included. */
  readonly firstRequest: number;
  /** From an answer to the next request's head. */
  readonly nextRequest: number;
  /** From a request's head to the end of its body. */
  readonly body: number;
  /** How long a client may take nothing of its answer. */
  readonly answer: number;
}

/** For a control plane on one machine: each node's agent, and people's tools. */
export const SERVER_LIMITS: ServerLimits = {
  connections: 4000,
  firstRequest: 15_000,
  // As kube-apiserver (IdleTimeout of its http.Server).
  nextRequest: 90_000,
  body: 30_000,
  answer: 30_000,
};
