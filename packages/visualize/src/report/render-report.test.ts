import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { makeInspection, makeMetrics, makePair, makeReport } from '../../test/run-fixture.ts';
import { renderReport } from './render-report.ts';

const parse = (html: string) => parseHTML(html).document;
/** Base64 may hold any letters, style sheets any words. */
const withoutData = (html: string) => html.replace(/data:[^"]*/g, '').replace(/<style>[\s\S]*?<\/style>/, '');

describe('renderReport', () => {
  it('is one document with a headline, sections, and a name for every figure', async () => {
    const document = parse(await renderReport(makeReport()));
    expect(document.querySelectorAll('main#report')).toHaveLength(1);
    expect(document.querySelectorAll('h1')).toHaveLength(1);
    expect([...document.querySelectorAll('h2')].map((title) => title.textContent)).toEqual([
      'Scores before and after',
      'Curves',
      'What the network sees',
      'Settings',
    ]);
    for (const link of document.querySelectorAll('nav a')) {
      expect(document.querySelector(link.getAttribute('href') as string) !== null).toBe(true);
    }
    const figures = [...document.querySelectorAll('figure')];
    // Two charts of the score, loss, 5 scalars, memory, and per pair: 3 views, 3 matches, 3 weights, 2 × 3 attention.
    expect(figures.length).toBe(2 + 1 + 6 + 2 * 15);
    for (const figure of figures) {
      expect(figure.querySelector('figcaption')?.textContent?.length).toBeGreaterThan(5);
      for (const svg of figure.querySelectorAll('svg[role=img]')) {
        expect(svg.getAttribute('aria-label')?.length).toBeGreaterThan(5);
      }
    }
  });

  it('holds each picture once, and every reference finds it', async () => {
    const html = await renderReport(makeReport());
    const document = parse(html);
    expect(html.match(/data:image/g)).toHaveLength(2 * 3);
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.getAttribute('id'));
    expect(new Set(ids).size).toBe(ids.length);
    const references = [...document.querySelectorAll('use')].map((use) => use.getAttribute('href') as string);
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) expect(ids).toContain(reference.slice(1));
    for (const [, id] of html.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  });

  it('loads nothing and runs nothing', async () => {
    const html = await renderReport(makeReport());
    const document = parse(html);
    expect(document.querySelectorAll('script, iframe, object, embed, form')).toHaveLength(0);
    expect(html).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'`);
    for (const element of document.querySelectorAll('[src], [href]')) {
      expect(element.getAttribute('href') ?? element.getAttribute('src')).toMatch(/^(#|data:)/);
    }
    expect(withoutData(html)).not.toMatch(/ on[a-z]+=|javascript:|@import/);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/);
  });

  it('keeps text text, wherever it comes from', async () => {
    const evil = `</style><script>alert(1)</script><img src=x onerror="x">'`;
    const scores = makeReport().scores.map((score) => ({
      ...score,
      title: evil,
      metric: evil,
      detail: evil,
      perClass: [
        { name: evil, untrained: 0, trained: 1 },
        { name: `${evil}2`, untrained: 0, trained: 1 },
      ],
    }));
    const html = await renderReport(
      makeReport({
        title: evil,
        config: { method: evil, [evil]: evil, list: [evil] },
        status: { ...makeReport().status, updated: evil },
        metrics: makeMetrics(30).map((line) => ({ ...line, [evil]: 1 })),
        scores,
        pairs: [makePair(evil), makePair(evil)],
      }),
    );
    const document = parse(html);
    expect(document.querySelectorAll('script, img')).toHaveLength(0);
    expect(html).not.toMatch(/<script|<img/);
    expect(document.querySelector('h1')?.textContent).toBe(evil);
    expect(document.querySelector('#pictures h3')?.textContent).toBe(evil);
  });

  it('is the same each time', async () => {
    expect(await renderReport(makeReport())).toBe(await renderReport(makeReport()));
  });

  it('renders at any time of a run', async () => {
    const { status } = makeReport();
    const stages = {
      nothing: makeReport({ metrics: [], scores: [], pairs: [], snapshots: [], config: {} }),
      'no steps to do': makeReport({ status: { ...status, step: 0, totalSteps: 0 }, metrics: [] }),
      'first line': makeReport({ metrics: makeMetrics(1), scores: [], snapshots: [] }),
      'one snapshot': makeReport({ snapshots: makeReport().snapshots.slice(0, 1) }),
      'two snapshots': makeReport({ snapshots: makeReport().snapshots.slice(0, 2) }),
      'a snapshot of fewer pairs': makeReport({ snapshots: [{ step: 0, inspections: [makeInspection()] }] }),
      'no attention': makeReport({
        snapshots: [0].map((step) => ({
          step,
          inspections: [0, 1].map(() => ({
            ...makeInspection(),
            attention: { grid: { height: 1, width: 1 }, maps: [] },
          })),
        })),
      }),
      'no queue': makeReport({ status: { ...status, queueLength: 0 } }),
      'more confusion than names': makeReport({
        scores: makeReport().scores.map(({ perClass: _, ...score }) => score),
      }),
    };
    for (const [name, data] of Object.entries(stages)) {
      const html = await renderReport(data);
      expect(withoutData(html), name).not.toMatch(/NaN|undefined|Infinity/);
      expect(parse(html).querySelectorAll('h2'), name).toHaveLength(4);
    }
    const empty = parse(await renderReport(stages.nothing)).querySelectorAll('.nothing');
    expect(empty).toHaveLength(4);
  });
});
