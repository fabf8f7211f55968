import { PixconError } from '@pixcon/core';

/** WGSL that reads four halves of two words as float32, and writes them. */
const conversions = `
fn fromHalves(words : vec2<u32>) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}
fn toHalves(value : vec4<f32>) -> vec2<u32> {
  let bits = bitcast<vec4<u32>>(value);
  // By the bits, since a compiler may take it that there are neither infinities nor NaNs. What a half cannot hold must
  // not pass for a number: it becomes infinite.
  let past = (bits & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x477fe000u);
  let held = select(value, vec4<f32>(), past);
  let infinite = select(vec4<u32>(), ((bits >> vec4<u32>(16u)) & vec4<u32>(0x8000u)) | vec4<u32>(0x7c00u), past);
  return vec2<u32>(pack2x16float(held.xy), pack2x16float(held.zw))
    | (infinite.xz | (infinite.yw << vec2<u32>(16u)));
}`;

/** A shader whose arrays `names` hold halves, four an element: its functions, and what is left of its text. */
export interface HalfAccess {
  readonly functions: string;
  rewrite(text: string): string;
}

/**
 * Lets a shader that was written for arrays of `vec4<f32>` run on arrays of `vec2<u32>`, four halves each: every
 * `name[at]` becomes a call that reads, every `name[at] = value;` (or `+=` and the like) one that writes.
 *
 * @param operation for messages
 * @throws PixconError `invalid-argument`, from `rewrite`, for any other use of such an array
 */
export function halfAccess(operation: string, names: readonly string[]): HalfAccess {
  if (names.length === 0) return { functions: '', rewrite: (text) => text };
  const pattern = new RegExp(`(?<![\\w.])(&\\s*)?\\b(${names.join('|')})\\[`, 'g');
  const refuse = (name: string): never => {
    throw new PixconError(
      'invalid-argument',
      `${operation}: ${name} is in half precision, of which a shader reads and writes whole elements only, as in ${name}[i] = ${name}[j]; write it so, or pass it through fullPrecision first`,
    );
  };
  return {
    functions: conversions,
    rewrite: (text) => rewrite(withoutComments(text), pattern, refuse),
  };
}

function withoutComments(text: string): string {
  return text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, ' ');
}

function rewrite(text: string, pattern: RegExp, refuse: (name: string) => never): string {
  let result = '';
  let done = 0;
  // Of its own, since the parts are rewritten by a call of this function.
  const search = new RegExp(pattern);
  for (let match = search.exec(text); match; match = search.exec(text)) {
    const [opening, address, name] = match as unknown as [string, string | undefined, string];
    const start = match.index + opening.length;
    const end = closingOf(text, start);
    const rest = text.slice(end + 1);
    const wrong = /^\s*(\+\+|--|(\.\w+|\[[^\]]*\])+\s*(\+\+|--|[-+*/%&|^]?=(?!=)))/.test(rest);
    if (address !== undefined || end < 0 || wrong) refuse(name);
    const at = rewrite(text.slice(start, end), pattern, refuse);
    const assignment = /^\s*([-+*/]?)=(?!=)/.exec(rest);
    result += text.slice(done, match.index);
    if (assignment) {
      const from = end + 1 + assignment[0].length;
      const semicolon = text.indexOf(';', from);
      if (semicolon < 0) refuse(name);
      const value = rewrite(text.slice(from, semicolon).trim(), pattern, refuse);
      const operator = assignment[1];
      const stored = operator ? `fromHalves(${name}[${at}]) ${operator} (${value})` : value;
      result += `${name}[${at}] = toHalves(${stored})`;
      done = semicolon;
    } else {
      result += `fromHalves(${name}[${at}])`;
      done = end + 1;
    }
    search.lastIndex = done;
  }
  return result + text.slice(done);
}

/** Where the bracket closes whose inside begins at `start`; -1 where it does not. */
function closingOf(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '[') depth++;
    if (text[at] === ']') depth--;
    if (depth === 0) return at;
  }
  return -1;
}
