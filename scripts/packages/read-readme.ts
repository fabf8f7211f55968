export interface Readme {
  /** What its lines `npm install …` name, with the version they ask for where they do. */
  readonly install: ReadonlyMap<string, string | undefined>;
  /** Blocks of TypeScript, in their order: each a program of its own. */
  readonly snippets: readonly string[];
}

/** What a README has its reader install, and its programs. */
export function readReadme(text: string): Readme {
  const blocks = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
    language,
    code: code as string,
  }));
  const shell = blocks.filter(({ language }) => language === 'sh').map(({ code }) => code);
  const lines = shell
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .matchAll(/^npm install ([^#\n]+)/gm);
  const words = [...lines]
    .flatMap(([, line]) => (line as string).split(/\s+/))
    .filter((word) => word && !word.startsWith('-'));
  return {
    install: new Map(words.map(nameAndVersion)),
    snippets: blocks.filter(({ language }) => language === 'ts').map(({ code }) => code),
  };
}

/** `@a/b@1.2` as `['@a/b', '1.2']`. */
function nameAndVersion(word: string): [string, string | undefined] {
  const at = word.indexOf('@', 1);
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** Packages that a program imports, Node's own left out. */
export function importedPackages(code: string): string[] {
  const pattern =
    /^(?:(?:import|export|\})[^'\n]* from |import )'([^'.#/\n][^'\n]*)'|\bimport\('([^'.#/\n][^'\n]*)'\)/gm;
  const specifiers = [...code.matchAll(pattern)].map(([, fixed, dynamic]) => (fixed ?? dynamic) as string);
  const names = specifiers
    .filter((specifier) => !specifier.startsWith('node:'))
    .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(names)];
}

/** What is wrong with a README whose snippets are to run after its install line, and nothing else. */
export function readmeFaults({ install, snippets }: Readme, provides: (name: string) => boolean): string[] {
  const faults: string[] = [];
  if (install.size === 0) faults.push('has no `npm install` line');
  if (snippets.length === 0) faults.push('has no program');
  for (const code of snippets) {
    for (const name of importedPackages(code))
      if (!install.has(name)) faults.push(`imports ${name}, which its \`npm install\` line lacks`);
    // Optional peers of @pixcon/backend: whether another project beside has one says nothing of this one.
    const [, backend] = /\bstartBackend\((?:'(\w+)')?/.exec(code) ?? [];
    const starts = /\b(startBackend|describeBackends)\(/.test(code);
    const wanted = ['cpu', 'wasm', 'webgpu'].filter((name) => backend === undefined || backend === name);
    if (starts && !wanted.some((name) => provides(`@tensorflow/tfjs-backend-${name}`)))
      faults.push(
        `starts a backend, but its \`npm install\` line has no @tensorflow/tfjs-backend-${wanted[0]}`,
      );
  }
  return [...new Set(faults)];
}
