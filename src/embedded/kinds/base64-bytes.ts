import type { Json } from '../../schema/index.ts';

/** How many bytes a text in base64 stands for, without decoding it. */
export function base64Bytes(value: Json): number {
  if (typeof value !== 'string') return 0;
  const padding = /=*$/.exec(value.slice(-2))?.[0].length ?? 0;
  return Math.max(0, Math.floor((value.length * 3) / 4) - padding);
}
