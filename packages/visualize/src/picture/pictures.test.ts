import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { makeInspection, makePair } from '../../test/run-fixture.ts';
import { drawAttention } from './draw-attention.ts';
import { drawMatches } from './draw-matches.ts';
import { drawMatchesOverTime } from './draw-matches-over-time.ts';
import { drawOverlap } from './draw-overlap.ts';
import { drawView } from './draw-view.ts';
import { drawWeights } from './draw-weights.ts';
import { encodePair } from './encode-pair.ts';
import { colorLevel, colorLevels, weightColors } from './weight-color.ts';

const pair = await encodePair(makePair());
const inspection = makeInspection();

const parse = (svg: string) => parseHTML(`<body>${svg}</body>`).document;
const all = (svg: string, selector: string) => [...parse(svg).querySelectorAll(selector)];
const numbers = (text: string | null) => (text?.match(/-?[\d.]+/g) ?? []).map(Number);

/** Ends of the lines that join matches: curves with the width of a line. */
function ends(svg: string): { readonly from: number[]; readonly to: number[]; readonly dashed: boolean }[] {
  return all(svg, 'path[stroke-width="1.5"]')
    .filter((path) => path.getAttribute('d')?.includes('Q'))
    .map((path) => {
      const [x0, y0, , , x1, y1] = numbers(path.getAttribute('d')) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      return { from: [x0, y0], to: [x1, y1], dashed: path.getAttribute('stroke-dasharray') !== null };
    });
}

describe('every picture', () => {
  const pictures: Record<string, string> = {
    overlap: drawOverlap(pair),
    view: drawView(pair, 1),
    matches: drawMatches(pair, inspection),
    column: drawMatches(pair, inspection, { layout: 'column', width: 200, legend: false }),
    weights: drawWeights(pair, inspection),
    attention: drawAttention(pair, inspection, { map: 1 }),
    time: drawMatchesOverTime(pair, [{ step: 5, inspections: [inspection] }], 0),
  };

  it.each(Object.entries(pictures))('%s is a named document without a stray number', (_, svg) => {
    const root = parse(svg).querySelector('svg');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d/);
    expect(root?.getAttribute('role')).toBe('img');
    expect(root?.getAttribute('aria-label')).toContain('photo.jpg');
    // Base64 may hold any letters.
    expect(svg.replace(/data:[^"]*/g, '')).not.toMatch(/NaN|undefined|Infinity|null/);
    expect(svg).toMatch(/data:image\/jpeg;base64,/);
  });

  it('is the same each time', async () => {
    const again = await encodePair(makePair());
    expect(drawMatches(again, makeInspection())).toBe(pictures.matches);
    expect(drawOverlap(again)).toBe(pictures.overlap);
  });

  it('keeps the name of a photo text', async () => {
    const svg = drawOverlap(await encodePair(makePair('<script>"&\'')));
    expect(all(svg, 'script')).toEqual([]);
    expect(parse(svg).querySelector('svg')?.getAttribute('aria-label')).toContain('<script>"&\'');
  });
});

describe('drawOverlap', () => {
  it('draws the boxes in the scale of the picture', () => {
    // 120 source pixels on 240: times 2.
    const boxes = all(drawOverlap(pair, { width: 240 }), 'path[stroke-width="2"]').map((path) =>
      path.getAttribute('d'),
    );
    expect(boxes).toEqual(['M40 2H160V120H40Z', 'M120 40H220V140H120Z']);
    const dashed = all(drawOverlap(pair, { width: 240 }), 'path[stroke-dasharray]');
    expect(dashed.map((path) => path.getAttribute('d'))).toEqual(['M120 40H160V120H120Z']);
  });

  it('says how much overlaps, and draws no overlap where there is none', () => {
    expect(drawOverlap(pair)).toContain('22 % of the query view');
    const apart = makePair();
    const views = [
      pair.views[0],
      { ...pair.views[1], geometry: { ...apart.views[1].geometry, box: { x0: 90, y0: 0, x1: 120, y1: 30 } } },
    ] as const;
    const svg = drawOverlap({ ...pair, views });
    expect(svg).toContain('0 % of the query view');
    expect(all(svg, 'path[stroke-dasharray]')).toEqual([]);
  });
});

describe('drawMatches', () => {
  it('joins the centres of each query cell and its key cell', () => {
    // Sides of 100 and a gap of 10, below names of 18.
    const lines = ends(drawMatches(pair, inspection, { width: 210 }));
    expect(lines).toHaveLength(16);
    const oracle = Array.from({ length: 16 }, (_, cell) => {
      const key = 15 - cell;
      return {
        from: [((cell % 4) + 0.5) * 25, 18 + (Math.floor(cell / 4) + 0.5) * 25],
        to: [110 + ((key % 4) + 0.5) * 25, 18 + (Math.floor(key / 4) + 0.5) * 25],
        dashed: cell % 4 < 2,
      };
    });
    // Light before heavy: weights rise with the cell.
    expect(lines).toEqual(oracle.map(({ from, to, dashed }) => ({ from, to, dashed })));
  });

  it('puts the key view below in a column, and its lines stay inside', () => {
    const svg = drawMatches(pair, inspection, { width: 100, layout: 'column', legend: false });
    expect(ends(svg)[0]).toEqual({ from: [12.5, 30.5], to: [87.5, 18 + 100 + 10 + 87.5], dashed: true });
    const straight = { ...inspection, index: inspection.index.map((_, cell) => cell) };
    for (const path of all(drawMatches(pair, straight, { width: 100, layout: 'column' }), 'path')) {
      const d = path.getAttribute('d') ?? '';
      if (!d.includes('Q')) continue;
      const [, , x] = numbers(d) as [number, number, number];
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(100);
    }
  });

  it('colours by weight', () => {
    const colors = weightColors();
    const svg = drawMatches(pair, { ...inspection, weight: new Float32Array(16).fill(1) });
    const strokes = new Set(
      all(svg, 'path[stroke-width="1.5"]')
        .filter((path) => path.getAttribute('d')?.includes('Q'))
        .map((path) => path.getAttribute('stroke')),
    );
    expect([...strokes]).toEqual([colors.at(-1)]);
  });

  it('takes a grid of one cell, flat weights and a missing overlap', () => {
    const one = { ...makeInspection(1, 1), inOverlap: new Float32Array(1) };
    const svg = drawMatches(pair, one);
    expect(ends(svg)).toHaveLength(1);
    expect(svg.replace(/data:[^"]*/g, '')).not.toMatch(/NaN/);
  });

  it('draws no more lines than asked for', () => {
    expect(ends(drawMatches(pair, inspection, { lines: 4 }))).toHaveLength(4);
    expect(ends(drawMatches(pair, inspection, { lines: 0 }))).toHaveLength(0);
  });

  it('refuses what does not fit', () => {
    expect(() => drawMatches(pair, { ...inspection, weight: new Float32Array(3) })).toThrow(
      'expected 16 entries of weight',
    );
    expect(() => drawMatches(pair, { ...inspection, index: new Int32Array(16).fill(16) })).toThrow(
      '16 key cells',
    );
    expect(() => drawMatches(pair, inspection, { layout: 'x' as 'row' })).toThrow('layout');
    expect(() => drawMatches(pair, inspection, { lines: -1 })).toThrow('lines');
  });
});

describe('drawWeights and drawAttention', () => {
  /** The colour of each cell, row by row, from the paths of the heat map. */
  function cellColors(svg: string, width: number): Map<number, string | null> {
    const found = new Map<number, string | null>();
    for (const path of all(svg, 'g[shape-rendering] path')) {
      for (const [, column, row] of (path.getAttribute('d') ?? '').matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
        found.set(Number(row) * width + Number(column), path.getAttribute('fill'));
      }
    }
    return found;
  }

  it('gives every cell the colour of its weight', () => {
    const colors = weightColors();
    const found = cellColors(drawWeights(pair, inspection), 4);
    expect(found.size).toBe(16);
    for (const [cell, fill] of found)
      expect(fill).toBe(colors[colorLevel(inspection.weight[cell] as number)]);
  });

  it('spans the cosines of the other cells', () => {
    const colors = weightColors();
    const svg = drawAttention(pair, inspection);
    const found = cellColors(svg, 3);
    // 0.2 is the smallest, 0.6 the largest beside the cell itself.
    expect(found.get(0)).toBe(colors[0]);
    expect(found.get(5)).toBe(colors.at(-1));
    expect(found.get(4)).toBe(colors.at(-1));
    expect(svg).toContain('row 2, column 2; cosines from 0.20 to 0.60');
    // The frame: the middle of the lower row of a photo of 340 × 227.
    const frame = all(svg, 'path[stroke="#ffffff"]').at(-1);
    const [x0, y0, x1, y1] = numbers(frame?.getAttribute('d') ?? null) as [number, number, number, number];
    expect([x0, y0, x1, y1]).toEqual([113.33, 113.33, 226.67, 226.67]);
  });

  it('takes flat maps and one cell', () => {
    const flat = { cell: 0, cosine: new Float32Array(6).fill(0.5) };
    const one = { grid: { height: 1, width: 1 }, maps: [{ cell: 0, cosine: Float32Array.of(1) }] };
    for (const attention of [{ ...inspection.attention, maps: [flat] }, one]) {
      const svg = drawAttention(pair, { ...inspection, attention });
      expect(svg.replace(/data:[^"]*/g, '')).not.toMatch(/NaN|Infinity/);
    }
  });

  it('refuses a map that is not there or does not fit', () => {
    expect(() => drawAttention(pair, inspection, { map: 2 })).toThrow('map below 2');
    const attention = { ...inspection.attention, maps: [{ cell: 0, cosine: new Float32Array(5) }] };
    expect(() => drawAttention(pair, { ...inspection, attention })).toThrow('a cosine for each cell');
  });
});

describe('drawMatchesOverTime', () => {
  it('shows three moments', () => {
    const snapshots = [0, 10, 20, 1000].map((step) => ({ step, inspections: [inspection] }));
    const svg = drawMatchesOverTime(pair, snapshots, 0);
    expect(all(svg, 'svg svg')).toHaveLength(3);
    for (const step of ['step 0', 'step 20', 'step 1,000']) expect(svg).toContain(`>${step}<`);
  });

  it('refuses a pair or a snapshot that is not there', () => {
    expect(() => drawMatchesOverTime(pair, [], 0)).toThrow('at least one snapshot');
    expect(() => drawMatchesOverTime(pair, [{ step: 0, inspections: [] }], 0)).toThrow('a pair below 0');
  });
});

describe('the scale', () => {
  it('rises in brightness from 0 to 1', () => {
    const brightness = weightColors().map((hex) => {
      const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as [
        number,
        number,
        number,
      ];
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    });
    expect(brightness).toHaveLength(colorLevels);
    for (let level = 1; level < brightness.length; level++) {
      expect(brightness[level]).toBeGreaterThan(brightness[level - 1] as number);
    }
  });

  it('holds on to its ends', () => {
    expect([-1, 0, 1, 2, Number.NaN].map(colorLevel)).toEqual([0, 0, colorLevels - 1, colorLevels - 1, 0]);
  });
});

describe('encodePair', () => {
  it('refuses pixels that do not fit', async () => {
    const broken = { ...makePair(), photo: { width: 2, height: 2, pixels: new Uint8Array(5) } };
    await expect(encodePair(broken)).rejects.toThrow('2 × 2 × 3 pixels, got 5');
  });
});
