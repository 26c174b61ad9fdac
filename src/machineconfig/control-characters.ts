/** Whether a text holds a character that no host tool writes or reads safely: a line break, a tab, NUL, DEL… */
export function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
