/** Writes the protobuf wire format: fields one after the other, in the order of the calls. */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafe(256);
  #length = 0;

  /** A field of type string; also of type bytes. */
  text(field: number, value: string | Uint8Array): void {
    const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
    this.#tag(field, 2);
    this.#varint(length);
    this.#reserve(length);
    if (typeof value === 'string') this.#bytes.write(value, this.#length);
    else this.#bytes.set(value, this.#length);
    this.#length += length;
  }

  /** A field of type bool or of an unsigned integer; also of a signed one that is not negative. */
  integer(field: number, value: number | boolean): void {
    this.#tag(field, 0);
    this.#varint(Number(value));
  }

  /** A field of type int64. */
  signed(field: number, value: number): void {
    this.#tag(field, 0);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.#byte(Number(rest & 127n) | 128);
    this.#byte(Number(rest));
  }

  double(field: number, value: number): void {
    this.#tag(field, 1);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** What has been written; the writer must not be used after that. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 128);
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
