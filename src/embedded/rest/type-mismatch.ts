/** A value whose type is not the field's: the message of Go's decoder. */
export class TypeMismatch extends Error {}
