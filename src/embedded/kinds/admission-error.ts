/**
 * A write that is refused by what a server does between defaulting and validation (admission): 403 Forbidden, `PLURAL "NAME"
 * is forbidden: MESSAGE`, details {name, group?, kind: PLURAL}. Thrown by `Strategy.prepareForCreate`.
 */
export class AdmissionError extends Error {
  override readonly name = 'AdmissionError';
  readonly code = 'forbidden';
}
