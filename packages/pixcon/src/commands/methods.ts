import { PixconError } from '@pixcon/core';
import { z } from 'zod';
import { methodLines } from '../methods/method-lines.ts';
import { methodOptions } from '../methods/method-options.ts';
import { recipes } from '../methods/recipes.ts';
import { type MethodName, methodNames } from '../names.ts';

/** `pixcon methods`: prints methods, with their own options, and recipes; returns the exit code. */
export function methodsCommand(
  name: string | undefined,
  { json }: { readonly json: boolean },
  print: (line: string) => void = console.log,
): number {
  if (name !== undefined && !methodNames.some((known) => known === name)) {
    throw new PixconError(
      'invalid-argument',
      `there is no method named ${name}; known are ${methodNames.join(', ')}`,
    );
  }
  const listed = methodNames.filter((known) => name === undefined || known === name);
  if (json) {
    const methods = listed.map((method) => ({
      name: method,
      ...methodLines[method],
      options: optionsOf(method),
    }));
    print(JSON.stringify({ methods, ...(name === undefined ? { recipes } : {}) }, null, 2));
    return 0;
  }
  if (name !== undefined) {
    describeMethod(name as MethodName, print);
    return 0;
  }
  print('Methods (pixcon pretrain DIR --method NAME; pixcon methods NAME tells the options of its own):');
  for (const method of listed)
    print(`  ${method.padEnd(14)}${methodLines[method].what} [${methodLines[method].paper}]`);
  print('');
  print('Recipes (--recipe NAME, or several with commas between; the tables are the PixCon paper’s):');
  const width = 2 + Math.max(...recipes.map((recipe) => recipe.name.length));
  for (const recipe of recipes) print(`  ${recipe.name.padEnd(width)}${recipe.what}`);
  return 0;
}

function describeMethod(method: MethodName, print: (line: string) => void): void {
  print(`${method}: ${methodLines[method].what} [PixCon paper: ${methodLines[method].paper}]`);
  const options = Object.entries(optionsOf(method));
  print(options.length === 0 ? 'no options of its own' : 'options (--option NAME=VALUE):');
  const width = 2 + Math.max(0, ...options.map(([name]) => name.length));
  for (const [name, { default: value, description }] of options) {
    const shown = value === undefined ? '' : `default ${JSON.stringify(value)}`;
    print(`  ${name.padEnd(width)}${[description, shown].filter(Boolean).join('; ')}`);
  }
}

interface OptionLine {
  readonly default?: unknown;
  readonly description?: string;
}

function optionsOf(method: MethodName): Readonly<Record<string, OptionLine>> {
  const { properties = {} } = z.toJSONSchema(methodOptions[method], { io: 'input' });
  return properties as Readonly<Record<string, OptionLine>>;
}
