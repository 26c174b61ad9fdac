import type { JsonObject } from '../../schema/index.ts';
import { timestamp } from './review.ts';
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
    metadata: { creationTimestamp: timestamp(now) },
    status: { userInfo: userInfo(user) },
  };
}
