import { run } from '../src/cli.ts';

/** `bin/pixcon.js` without a build. */
await run(process.argv.slice(2));
