/**
 * What of a value is in any text in base64 that holds it, wherever it begins there: one form for each of the three places that a byte
 * may have in a group, without the characters at either end that depend on what is beside it.
 */
export function base64Forms(value: Uint8Array): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), value]);
    const whole = Math.floor(padded.length / 3) * 3;
    const encoded = padded.subarray(0, whole).toString('base64');
    const own = encoded.slice(before === 0 ? 0 : 4);
    return own.length >= 8 ? [own] : [];
  });
}
