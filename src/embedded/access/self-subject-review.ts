import { formatTime, type JsonObject } from '../../schema/index.ts';
import { type User, userInfo } from './user.ts';

/**
 * Answers a SelfSubjectReview (`kubectl auth whoami`).
 * @param version of authentication.k8s.io
 * @param now milliseconds since 1970
 */
export function reviewSelf(user: User, version: string, now: number): JsonObject {
  return {
    kind: 'SelfSubjectReview',
    apiVersion: `authentication.k8s.io/${version}`,
    metadata: { creationTimestamp: formatTime(now) },
    status: { userInfo: userInfo(user) },
  };
}
