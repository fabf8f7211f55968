/** The element of the page with this id. */
export function element<Kind extends Element = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found as unknown as Kind;
}

/** A new element with text and classes. */
export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { text = '', className = '' }: { readonly text?: string; readonly className?: string } = {},
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}
