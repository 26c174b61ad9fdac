import { type JsonObject, textAt, textsAt } from '../../schema/index.ts';
import type { Authenticator } from './authenticator.ts';
import { badRequest } from '../status/index.ts';
import { type Reviewed, withoutEmpty } from './review.ts';
import { userInfo } from './user.ts';

/**
 * Answers a TokenReview (authentication.k8s.io/v1).
 * @param now milliseconds since 1970
 */
export function reviewToken(review: JsonObject, authenticator: Authenticator, now: number): Reviewed {
  const token = textAt(review, 'spec', 'token');
  if (token === '') {
    return { refusal: badRequest('token is required for TokenReview in authentication') };
  }
  const audiences = textsAt(review, 'spec', 'audiences');
  const verdict = authenticator.review(
    token,
    audiences.length === 0 ? authenticator.audiences : audiences,
    now,
  );
  const status: JsonObject =
    'problem' in verdict
      ? { user: {}, error: verdict.problem }
      : { authenticated: true, user: userInfo(verdict.user), audiences: [...verdict.audiences] };
  return {
    object: {
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {},
      spec: withoutEmpty({ token, audiences }),
      status,
    },
  };
}
