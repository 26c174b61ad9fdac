import { isJsonObject, type Json } from '../schema/index.ts';
import { isDigest, type Digest } from '../oci/index.ts';
import { isOsBuildErrorCode } from './build-failure.ts';
import { OsBuildError } from './osbuild-error.ts';

/** What a pod says of its build when it ends. */
export type JobReport =
  | { readonly pod: string; readonly digest: Digest }
  | { readonly pod: string; readonly failure: OsBuildError };

/** Key of the ConfigMap that a Job reports into: the digest of the image (contract §4.4). */
export const DIGEST_KEY = 'digest';
/** Key of the same: the whole report, as {@link formatReport} writes it. */
export const REPORT_KEY = 'report';

/**
 * How the command in a pod exits, as sysexits.h has it. What a person has to mend ends the whole Job; anything else, such as the
 * status of a process that was killed, is worth another pod.
 */
export const JobExit = { done: 0, permanent: 65, transient: 75 } as const;

/** Characters of a message, so that the report is no longer than what a kubelet keeps of a container that ended: 4096 bytes. */
const LONGEST_MESSAGE = 2500;
const KEPT_BYTES = 4096;

/** In one line. */
export function formatReport(report: JobReport): string {
  const { pod } = report;
  if ('digest' in report) return JSON.stringify({ pod, digest: report.digest });
  const { code, message, retryable, field } = report.failure;
  return JSON.stringify({ pod, code, message, retryable, ...(field === undefined ? {} : { field }) });
}

/** {@link formatReport} for a kubelet: the middle of a message that is too long is left out, for its end says most. */
export function shortReport(report: JobReport): string {
  const whole = formatReport(report);
  if (Buffer.byteLength(whole) <= KEPT_BYTES || 'digest' in report) return whole;
  const { failure, pod } = report;
  const { code, message, retryable, field } = failure;
  for (let kept = LONGEST_MESSAGE; ; kept = Math.floor(kept / 2)) {
    const text = `${message.slice(0, kept / 4)} […] ${message.slice(-((kept / 4) * 3))}`;
    const cut = new OsBuildError(code, text, { retryable, ...(field === undefined ? {} : { field }) });
    const short = formatReport({ pod, failure: cut });
    if (Buffer.byteLength(short) <= KEPT_BYTES || kept < 10) return short;
  }
}

/** Undefined for what is no report. */
export function parseReport(text: string | undefined): JobReport | undefined {
  let value: Json;
  try {
    value = JSON.parse(text ?? '') as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { pod, digest, code, message, retryable, field } = value;
  if (typeof pod !== 'string') return undefined;
  if (typeof digest === 'string') return isDigest(digest) ? { pod, digest } : undefined;
  if (typeof code !== 'string' || !isOsBuildErrorCode(code) || typeof message !== 'string') return undefined;
  const options = { retryable: retryable === true, ...(typeof field === 'string' ? { field } : {}) };
  return { pod, failure: new OsBuildError(code, message, options) };
}
