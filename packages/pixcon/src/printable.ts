/**
 * A text whose control characters, but for line ends, are written out (`\\u001b`): names in a file of somebody else
 * must not move a terminal's cursor.
 */
export function printable(text: string): string {
  return text.replace(/(?!\n)\p{Cc}/gu, (letter) => {
    return `\\u${(letter.codePointAt(0) as number).toString(16).padStart(4, '0')}`;
  });
}
