/**
 * A text of at most `length` characters for a message: what is longer loses its middle. Messages quote what files and
 * settings hold, which may be of any length; their ends say what to do.
 *
 * @param length default 1000
 * @example
 * shorten('abcdefghij', 7); // => 'abc … j'
 */
export function shorten(text: string, length = 1000): string {
  if (text.length <= length) return text;
  const end = Math.floor((length - 3) / 3);
  return `${text.slice(0, length - 3 - end)} … ${end === 0 ? '' : text.slice(-end)}`;
}
