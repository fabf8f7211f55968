import { escapeText } from '../markup.ts';
import type { ReportData } from '../report-data.ts';
import { renderCurves } from './curves.ts';
import { renderPictures } from './pictures.ts';
import { renderScores } from './scores.ts';
import { renderSettings } from './settings.ts';
import { reportStyle } from './style.ts';
import { renderSummary } from './summary.ts';

/**
 * A run as one HTML file that needs nothing else: what it is and whether it is healthy, scores before and after
 * training, curves, what the network makes of fixed photos, settings. It has no script and loads nothing; it
 * follows the reader's light or dark scheme, fits a phone, and prints. All of it lies in `<main id="report">`, which a
 * page that shows it live can replace.
 *
 * The same data gives the same file. What is not there yet (no steps, scores, pictures) is said to be missing.
 *
 * @param data of a run, at any time of it
 * @returns an HTML document
 * @throws PixconError `invalid-shape` for pictures or inspections whose arrays do not fit their sizes
 *
 * @example
 * await writeFile('runs/demo/report.html', await renderReport(data));
 */
export async function renderReport(data: ReportData): Promise<string> {
  const sections = [
    { id: 'scores', title: 'Scores before and after', body: renderScores(data) },
    { id: 'curves', title: 'Curves', body: renderCurves(data) },
    { id: 'pictures', title: 'What the network sees', body: await renderPictures(data) },
    { id: 'settings', title: 'Settings', body: renderSettings(data.config) },
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(data.title)}</title>
<link rel="icon" href="data:,">
<style>${reportStyle()}</style>
</head>
<body>
<main id="report">
${renderSummary(data)}
<nav aria-label="Sections">${sections.map(({ id, title }) => `<a href="#${id}">${title}</a>`).join('')}</nav>
${sections.map(({ id, title, body }) => `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${body}\n</section>`).join('\n')}
<footer><p>Written ${escapeText(formatTime(data.status.updated))} by PixCon for JavaScript.</p></footer>
</main>
</body>
</html>
`;
}

/** 2026-11-23 04:30 UTC; a time that is none stays as it is. */
function formatTime(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
