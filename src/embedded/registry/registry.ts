import { randomUUID } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { OciError } from '../../oci/index.ts';
import { ContentStore } from './content-store.ts';
import { EmbeddedError } from '../embedded-error.ts';
import { isErrno } from '../errno.ts';
import { answerError } from './exchange.ts';
import { route } from './registry-router.ts';
import { RepositoryStore } from './repository-store.ts';
import { UploadSessions } from './upload-sessions.ts';

/** How to start the embedded registry. */
export interface EmbeddedRegistryOptions {
  /** Where everything is kept; made when missing. One process at a time may use it. */
  readonly directory: string;
  /** The address to listen on. There is no authentication: anything but loopback is open to all. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: 0, which lets the system choose. */
  readonly port?: number;
  /** Told of every request that failed through no fault of the client. Default: nobody. */
  readonly onFailure?: (error: EmbeddedError) => void;
  /** Milliseconds of a clock that never goes back. Default: the process's. */
  readonly now?: () => number;
  /** Makes the ids of uploads; they must be unique and usable as file names. Default: random UUIDs. */
  readonly makeId?: () => string;
}

/** A registry that is running. */
export interface EmbeddedRegistry {
  /** `host:port`, as image references have it. */
  readonly address: string;
  /** Stops listening, cuts what is under way and returns when nothing writes any more. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a registry for OCI and Docker schema 2 images after the distribution specification 1.1, over plain HTTP. What
 * it answered with success survives a crash: content is verified, flushed and renamed before anything refers to it.
 * @throws {EmbeddedError} code `cannot-start`
 */
export async function startRegistry(options: EmbeddedRegistryOptions): Promise<EmbeddedRegistry> {
  const { host = '127.0.0.1', port = 0, now = () => performance.now(), makeId = randomUUID } = options;
  const directory = resolve(options.directory);
  const content = new ContentStore(directory);
  const repositories = new RepositoryStore(directory, content.temporary);
  const uploads = new UploadSessions(content, { now, makeId });
  const running = new Set<Promise<void>>();

  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    response.setHeader('Docker-Distribution-API-Version', 'registry/2.0');
    const exchange = { request, response, query: new URLSearchParams(query), content, repositories, uploads };
    const work = route(exchange, path)
      .catch((error: unknown) => fail(response, error, options.onFailure))
      .finally(() => running.delete(work));
    running.add(work);
  });
  // A large blob may take longer than any limit on a whole request; a silent connection may not.
  server.requestTimeout = 0;
  server.timeout = IDLE_MILLISECONDS;
  server.keepAliveTimeout = IDLE_MILLISECONDS;

  try {
    await content.open();
    await listen(server, host, port);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EmbeddedError(
      'cannot-start',
      `cannot start registry on ${host}:${port} in ${directory}: ${reason}`,
      {
        cause,
      },
    );
  }
  return {
    address: addressOf(server),
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
      await Promise.allSettled(running);
    },
  };
}

const IDLE_MILLISECONDS = 120_000;

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, refuse) => {
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      done();
    });
  });
}

function addressOf(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return String(bound);
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}

function fail(
  response: ServerResponse,
  error: unknown,
  onFailure: ((error: EmbeddedError) => void) | undefined,
): void {
  // The client went away: there is nobody to tell, and what it sent may be continued.
  if (response.destroyed) return;
  const answer = asEmbeddedError(error);
  if (answer.status >= 500) onFailure?.(answer);
  if (response.headersSent) response.destroy();
  else answerError(response, answer);
}

function asEmbeddedError(error: unknown): EmbeddedError {
  if (error instanceof EmbeddedError) return error;
  if (error instanceof OciError && error.code === 'invalid-digest') {
    return new EmbeddedError('DIGEST_INVALID', error.message, { cause: error });
  }
  if (isErrno(error, 'ENOSPC', 'EDQUOT')) {
    return new EmbeddedError(
      'STORAGE_FULL',
      'cannot store content: the disk of the registry is full; free some of it',
      {
        cause: error,
      },
    );
  }
  return new EmbeddedError('INTERNAL', 'cannot serve the request: the registry failed; its log says why', {
    cause: error,
  });
}
