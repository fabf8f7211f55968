import { readFileSync, writeFileSync } from 'node:fs';
import { tableMarkdown } from './table/markdown.ts';
import { findRows } from './table/rows.ts';
import { findTask } from './table/tasks.ts';
const [name, from, to, picture] = process.argv.slice(2) as [string, string, string, string];
const table = JSON.parse(readFileSync(from, 'utf8'));
writeFileSync(to, tableMarkdown({ ...table, task: { ...findTask(name, {} as never), settings: table.task.settings }, chosen: findRows(undefined) }, picture));
