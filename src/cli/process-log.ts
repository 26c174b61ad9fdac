import pino from 'pino';
import type { Log, LogFields } from '../controllers/index.ts';

export type LogFormat = 'text' | 'json';

type Level = 'info' | 'warn' | 'error';

/** How text names the levels; what is usual has no name. */
const NAMES: Readonly<Record<Level, string>> = { info: '', warn: 'warning: ', error: 'error: ' };

/** What says more of a message is said after a colon and not among the rest: the first of these that there is. */
const MORE = ['message', 'reason'];

/**
 * The log of a process: JSON for machines, one object a line, or text for people.
 *
 * @param write takes one whole line, with its end
 * @param now milliseconds since 1970
 */
export function openLog(
  format: LogFormat,
  write: (line: string) => void,
  now: () => number = () => Date.now(),
): Log {
  return format === 'json' ? jsonLog(write, now) : textLog(write, now);
}

function jsonLog(write: (line: string) => void, now: () => number): Log {
  const log = pino(
    {
      // No process id and host name: whoever collects logs knows where they are from.
      base: null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      errorKey: 'error',
    },
    { write },
  );
  return {
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(fields, message),
    error: (message, fields = {}, error) => {
      log.error({ ...fields, ...(error === undefined ? {} : { error: toError(error) }) }, message);
    },
  };
}

function textLog(write: (line: string) => void, now: () => number): Log {
  const say = (level: Level, message: string, fields: LogFields, error?: unknown): void => {
    const more = MORE.find((name) => fields[name] !== undefined);
    const details = Object.entries(fields)
      .filter(([name, value]) => name !== more && value !== undefined && value !== '')
      .map(([name, value]) => `${name} ${typeof value === 'number' ? shorten(value) : String(value)}`)
      .join(', ');
    const because = more === undefined ? '' : `: ${String(fields[more])}`;
    const trace = error === undefined ? '' : `\n${traceOf(toError(error))}`;
    const time = new Date(now()).toISOString();
    const text = `${NAMES[level]}${message}${because}${details === '' ? '' : ` (${details})`}${trace}`;
    write(`${time} ${indent(text)}\n`);
  };
  return {
    info: (message, fields = {}) => say('info', message, fields),
    warn: (message, fields = {}) => say('warn', message, fields),
    error: (message, fields = {}, error) => say('error', message, fields, error),
  };
}

/** Nobody reads microseconds of milliseconds. */
function shorten(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Only what begins a line with a time is a new message; and nothing that a registry says may drive a terminal. */
function indent(text: string): string {
  return text.replaceAll('\n', '\n    ').replaceAll(CONTROL, '\uFFFD');
}

const CONTROL = /(?![\n\t])\p{Cc}/gu;

function traceOf({ stack, message }: Error): string {
  return stack ?? message;
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
