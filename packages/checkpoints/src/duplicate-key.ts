/**
 * The first key that one object of a valid JSON text holds twice, or `undefined`. `JSON.parse` silently keeps the
 * last of such keys, so a file could show different tensors to different readers.
 *
 * @param text JSON that `JSON.parse` accepts
 */
export function duplicateKey(text: string): string | undefined {
  const objects: (Set<string> | undefined)[] = [];
  let position = 0;
  while (position < text.length) {
    const character = text[position];
    if (character === '{') objects.push(new Set());
    else if (character === '[') objects.push(undefined);
    else if (character === '}' || character === ']') objects.pop();
    else if (character === '"') {
      const start = position;
      position++;
      while (text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
      const keys = objects.at(-1);
      let next = position + 1;
      while (/\s/.test(text[next] ?? '')) next++;
      if (keys && text[next] === ':') {
        const key = JSON.parse(text.slice(start, position + 1)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
    }
    position++;
  }
  return undefined;
}
