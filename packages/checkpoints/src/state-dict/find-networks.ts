import { checkpointError } from '../checkpoint-error.ts';
import { type Layout, layouts, torchvisionName } from './layouts.ts';
import { isWrapper, type NetworkRole, roleOf, unwrapped } from './network-names.ts';

/** A ResNet among the names of a file. */
export interface Network {
  /** What stands before its names. */
  readonly prefix: string;
  /** What leads to it: the keys that all names share, then the prefix; `.` where there is nothing. */
  readonly name: string;
  readonly layout: Layout;
  readonly role: NetworkRole;
  /** Names in the file by torchvision's names. */
  readonly parts: ReadonlyMap<string, string>;
  /** Whether every convolution has a normalization with its statistics. */
  readonly complete: boolean;
}

/** A longer name is no parameter's. */
const mostParts = 64;

/** Every ResNet among names, each with what is its own; a name belongs to the innermost. In no particular order. */
export function findNetworks(names: Iterable<string>, path: readonly string[] = []): Network[] {
  const all = [...names].filter((name) => name.split('.').length <= mostParts);
  const found = findPrefixes(all);
  const parts = new Map([...found.keys()].map((prefix) => [prefix, new Map<string, string>()]));
  for (const name of all) {
    for (const prefix of prefixesOf(name)) {
      const layout = found.get(prefix);
      const own = layout && torchvisionName(layout, unwrapped(name.slice(prefix.length)));
      if (own === undefined) continue;
      const map = parts.get(prefix) as Map<string, string>;
      const other = map.get(own);
      if (other !== undefined) {
        throw checkpointError(
          `findBackbone: ${show(other)} and ${show(name)} are both ${own} of one network: rename or remove one`,
        );
      }
      map.set(own, name);
      break;
    }
  }
  return [...found].map(([prefix, layout]) => {
    const own = parts.get(prefix) as Map<string, string>;
    const name = [...path, prefix].join('.').replace(/\.$/, '') || '.';
    return { prefix, name, layout, role: roleOf(prefix), parts: own, complete: isComplete(own) };
  });
}

/** The prefixes that stand before both a stem and a first block, with their layout. */
function findPrefixes(names: readonly string[]): Map<string, Layout> {
  const found = new Map<string, Layout>();
  for (const layout of layouts) {
    const blocks = new Set(names.map((name) => before(name, layout.block)));
    for (const name of names) {
      const prefix = before(name, layout.stem);
      if (prefix !== undefined && blocks.has(prefix) && !found.has(prefix)) found.set(prefix, layout);
    }
  }
  return found;
}

/** What stands before an ending, whose parts may have wrappers between them; undefined for another ending. */
function before(name: string, ending: readonly string[]): string | undefined {
  const parts = name.split('.');
  let at = parts.length - 1;
  for (let index = ending.length - 1; index >= 0; index--, at--) {
    while (index < ending.length - 1 && at >= 0 && isWrapper(parts[at] as string)) at--;
    if (parts[at] !== ending[index]) return undefined;
  }
  return parts
    .slice(0, at + 1)
    .map((part) => `${part}.`)
    .join('');
}

/** From the longest to the empty one. */
function* prefixesOf(name: string): Iterable<string> {
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    yield name.slice(0, dot + 1);
  }
  yield '';
}

function isComplete(parts: ReadonlyMap<string, string>): boolean {
  for (const name of parts.keys()) {
    const [, place, kind, index] = /^(.*?)(conv|downsample\.)(\d)\.weight$/.exec(name) ?? [];
    if (kind === undefined || (kind === 'downsample.' && index === '1')) continue;
    const normalization = kind === 'conv' ? `${place}bn${index}` : `${place}downsample.1`;
    const fields = ['weight', 'bias', 'running_mean', 'running_var'];
    if (!fields.every((field) => parts.has(`${normalization}.${field}`))) return false;
  }
  return true;
}

function show(name: string): string {
  return name.slice(0, 80);
}
