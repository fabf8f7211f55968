/** The report's own policy, which a page with a script must not have: the server sends a policy of its own. */
const policyTag = /<meta http-equiv="Content-Security-Policy"[^>]*>\s*/gi;

/**
 * Listens for changes and puts the new report in the place of the old, scrolled and unfolded as it was. Everything
 * that it names is below the page's own address, which holds the token.
 */
const script = `
const badge = document.createElement('p');
badge.setAttribute('role', 'status');
badge.style.cssText = 'position:fixed;right:.75rem;bottom:.75rem;margin:0;padding:.2rem .6rem;border-radius:1rem;'
  + 'font:12px system-ui,sans-serif;background:#0008;color:#fff';
document.body.append(badge);
const folds = () => [...document.querySelectorAll('#report details')];
async function refresh() {
  const response = await fetch(location.pathname, { cache: 'no-store' });
  if (!response.ok) throw new Error(await response.text());
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const next = page.getElementById('report');
  if (!next) return;
  const open = folds().map((fold) => fold.open);
  const [x, y] = [scrollX, scrollY];
  document.getElementById('report').replaceWith(next);
  folds().forEach((fold, index) => { if (index in open) fold.open = open[index]; });
  scrollTo({ left: x, top: y, behavior: 'instant' });
  document.title = page.title;
}
let busy = false;
let again = false;
async function changed() {
  again = true;
  if (busy) return;
  busy = true;
  while (again) {
    again = false;
    try { await refresh(); } catch { badge.textContent = 'cannot read the run'; }
  }
  busy = false;
}
const events = new EventSource('events');
events.onopen = () => { badge.textContent = 'live'; };
events.onerror = () => { badge.textContent = 'not connected'; };
events.addEventListener('change', () => { badge.textContent = 'live'; changed(); });
`;

/**
 * A report as a page that keeps itself up to date.
 *
 * @param report what `renderReport` made
 * @param nonce of the policy that the page is sent with
 */
export function livePage(report: string, nonce: string): string {
  const page = report.replace(policyTag, '');
  const end = page.lastIndexOf('</body>');
  const at = end < 0 ? page.length : end;
  return `${page.slice(0, at)}<script nonce="${nonce}">${script}</script>\n${page.slice(at)}`;
}
