/** `a/, b/ and c/`, of many the first few. */
export function listed(folders: readonly string[]): string {
  const shown = folders.length > 4 ? folders.slice(0, 3) : folders;
  const names = shown.map((folder) => `${folder}/`);
  if (folders.length > 4) return `${names.join(', ')} and ${folders.length - 3} others`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `1 image`, `2 images`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
