import { themeDeclarations } from '../theme.ts';

/** The style sheet of a report: light and dark, phone to desktop, paper. */
export function reportStyle(): string {
  return `
:root{color-scheme:light dark;${themeDeclarations('light')}}
@media (prefers-color-scheme:dark){:root{${themeDeclarations('dark')}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--pixcon-paper);color:var(--pixcon-ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:1112px;margin:0 auto;padding:24px 16px 64px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 8px}
h2{font-size:1.3rem;line-height:1.25;margin:48px 0 12px;padding-top:16px;border-top:1px solid var(--pixcon-line)}
h3{font-size:1.05rem;margin:28px 0 8px}
h4{font-size:.95rem;margin:24px 0 4px}
p{margin:0 0 12px;max-width:72ch}
.lead{font-size:1.05rem}
nav{margin:12px 0 0;display:flex;flex-wrap:wrap;gap:4px 20px}
a{color:var(--pixcon-series-1)}
:focus-visible{outline:2px solid var(--pixcon-series-1);outline-offset:2px}
code{font-size:.9em}
.progress{display:flex;flex-wrap:wrap;align-items:center;gap:8px 12px;max-width:none;font-variant-numeric:tabular-nums}
progress{flex:1 1 160px;max-width:320px;height:10px;accent-color:var(--pixcon-series-1)}
.state{border:1px solid currentColor;border-radius:999px;padding:0 10px;font-size:.85rem}
.state.running{color:var(--pixcon-series-1)}.state.finished{color:var(--pixcon-good)}.state.stopped{color:var(--pixcon-bad)}
.findings{list-style:none;margin:16px 0;padding:0;max-width:80ch}
.findings li{margin:6px 0;padding-left:30px;position:relative}
.mark{position:absolute;left:0;top:2px;width:20px;height:20px;border-radius:50%;color:var(--pixcon-paper);font-size:13px;font-weight:700;line-height:20px;text-align:center}
.good .mark{background:var(--pixcon-good)}.note .mark{background:var(--pixcon-muted)}.bad .mark{background:var(--pixcon-bad)}
figure{margin:0;min-width:0;break-inside:avoid}
figure svg,.group>svg{display:block;width:100%;height:auto}
.group>svg{max-width:360px;margin:0 0 12px}
figcaption{font-size:.85rem;line-height:1.4;color:var(--pixcon-muted);margin:6px 0 0;max-width:90ch;font-variant-numeric:tabular-nums}
.nothing{color:var(--pixcon-muted);font-style:italic}
.definitions{position:absolute;width:0;height:0}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,310px),1fr));gap:28px 24px;align-items:start}
.two{grid-template-columns:repeat(auto-fill,minmax(min(100%,max(340px,34%)),1fr))}
.two figure{max-width:540px}
.loss{margin-bottom:28px}
.narrow{display:none}
.panels{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:14px 16px;max-width:1080px}
.of-1 .panels{grid-template-columns:repeat(3,minmax(0,1fr))}
.of-2 .panels{grid-template-columns:repeat(2,minmax(0,1fr));max-width:712px}
.settings{columns:2;column-gap:40px;margin:0;font-size:.85rem}
.settings div{display:flex;gap:16px;justify-content:space-between;padding:4px 0;border-bottom:1px solid var(--pixcon-line);break-inside:avoid}
.settings dt{color:var(--pixcon-muted)}
.settings dd{margin:0;text-align:right}
footer{margin-top:48px;font-size:.85rem;color:var(--pixcon-muted)}
@media (max-width:720px){
.wide{display:none}.narrow{display:block}
.panels{gap:10px 6px}
.matches .panels{grid-template-columns:minmax(0,1fr);max-width:480px;gap:24px}
.views .panels{grid-template-columns:repeat(2,minmax(0,1fr))}
.views figure:first-child{grid-column:1/-1}
.settings{columns:1}
figcaption{font-size:.8rem}
}
@media print{
:root{color-scheme:light;${themeDeclarations('light')}}
@page{margin:14mm}
body{font-size:10.5pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}
nav{display:none}
h2,h3,h4{break-after:avoid}
h2{margin-top:24px}
#pictures,.pair+.pair{break-before:page}
.pair h3,.group h4{margin-top:12px}
.group>p,.group>svg{break-after:avoid;margin-bottom:6px}
.panels{gap:8px}
.wide{display:block}.narrow{display:none}
.charts{grid-template-columns:repeat(2,minmax(0,1fr))}
.panels,.matches .panels,.views .panels{grid-template-columns:repeat(3,minmax(0,1fr));max-width:none}
.matches .panels{max-width:134mm}
.group:not(.matches) .panels{max-width:134mm}
p{break-inside:avoid}
.views figure:first-child{grid-column:auto}
}
`.trim();
}
