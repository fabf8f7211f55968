#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../dist/cli.js', import.meta.url);
if (!existsSync(built)) {
  console.error('pixcon: the package is not built; run `npm run build` in the repository first');
  process.exit(1);
}
const { run } = await import(built.href);
await run(process.argv.slice(2));
