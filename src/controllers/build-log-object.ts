/**
 * The name of the ConfigMap, in Varve's namespace, with the log of a build. It is there from the first line on, grows at its
 * end only (a build that is made again under the same name begins a new one), and is whole before the build's status says
 * that the build has come to its end.
 */
export function buildLogName(build: string): string {
  return `build-log-${build}`;
}

/** The key of its text: lines, each with a line end. */
export const BUILD_LOG_KEY = 'log';
