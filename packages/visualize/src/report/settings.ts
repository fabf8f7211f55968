import { escapeText } from '../markup.ts';

/** Settings as a table, one row for each value, named by its path. */
export function renderSettings(config: Readonly<Record<string, unknown>>): string {
  const rows = flatten(config, '');
  if (rows.length === 0) return '<p class="nothing">Nothing yet: the run has no record of its settings.</p>';
  return `<dl class="settings">${rows
    .map(([path, value]) => `<div><dt>${escapeText(path)}</dt><dd>${escapeText(value)}</dd></div>`)
    .join('')}</dl>`;
}

function flatten(value: unknown, path: string): [path: string, value: string][] {
  if (typeof value === 'object' && value !== null && !isShort(value)) {
    return Object.entries(value).flatMap(([key, entry]) =>
      flatten(entry, path === '' ? key : `${path}.${key}`),
    );
  }
  if (path === '') return [];
  return [[path, typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none')]];
}

/** Such as [0.08, 1]: one value to a reader. */
function isShort(value: object): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry !== 'object' || entry === null);
}
