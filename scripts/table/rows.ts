/** A row of the table: how a method is trained, whatever the task. */
export interface Row {
  /** What it is called with `--rows`, and its runs. */
  readonly name: string;
  readonly title: string;
  /** Settings for `pixcon pretrain --config`, over the task's. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const method = (name: string, title: string, options?: object): Row => ({
  name,
  title,
  settings: { method: name, ...(options ? { options } : {}) },
});

// Statistics of 8 images each, where the authors had 32 on each of 8 devices.
const splits = { splits: 2 };

/** Every method that the command line has. */
const rows: readonly Row[] = [
  method('moco-v2', 'MoCo-v2', splits),
  method('moco-v2-plus', 'MoCo-v2+'),
  method('byol', 'BYOL'),
  method('simsiam', 'SimSiam', { predictorHidden: 128 }),
  method('densecl', 'DenseCL', splits),
  method('pixpro', 'PixPro'),
  method('slotcon', 'SlotCon', { prototypes: 32 }),
  method('univip', 'UniVIP'),
  method('pixcon-coord', 'PixCon-Coord'),
  method('pixcon-sim', 'PixCon-Sim'),
  method('pixcon-sr', 'PixCon-SR'),
];

const standard = ['moco-v2-plus', 'pixcon-coord', 'pixcon-sim', 'pixcon-sr'];

/**
 * The rows of names with commas between: methods, or recipes of `pixcon methods`; `all` stands for every method.
 *
 * @param names absent: MoCo-v2+ and the three PixCon methods
 */
export function findRows(names: string | undefined): readonly Row[] {
  const wanted = names === undefined ? standard : names.split(',').map((name) => name.trim());
  return wanted.flatMap((name): readonly Row[] => {
    if (name === 'all') return rows;
    const known = rows.find((row) => row.name === name);
    // What is no recipe either, `pixcon pretrain` refuses.
    return [known ?? { name, title: name, settings: { recipe: [name] } }];
  });
}
