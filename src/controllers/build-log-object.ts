/**
 * The name of the ConfigMap, in Varve's namespace, with the log of a build. It is there once a second of the build has
 * passed, or the build itself; grows at its end (a build that is made again under the same name begins a new one), but
 * for a log beyond 768 KiB, whose middle gives way to a line that says so; and is whole at about the time when the build's status says that
 * the build has come to its end: its last line may be seen a moment later than that.
 */
export function buildLogName(build: string): string {
  return `build-log-${build}`;
}

/** The key of its text: lines, each with a line end. */
export const BUILD_LOG_KEY = 'log';

/** Label of all that there is of the logs of builds: who follows ConfigMaps for what they say leaves those out. */
export const BUILD_LOG_LABEL = 'varve.dev/build-log';

/** Is `true` when the log is whole. */
export const BUILD_LOG_WHOLE_KEY = 'whole';
