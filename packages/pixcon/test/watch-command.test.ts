import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CachedReport } from '../src/watch/cached-report.ts';
import { livePage } from '../src/watch/live-page.ts';
import { type ReportServer, serveReport } from '../src/watch/report-server.ts';
import { spawnCli } from './spawn-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-watch-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(url: string, path: string, options: { method?: string; host?: string } = {}): Promise<Answer> {
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, path, method: options.method ?? 'GET', headers: { host: options.host ?? host } },
      async (response) => {
        let body = '';
        for await (const chunk of response) body += chunk;
        resolve({ status: response.statusCode, headers: response.headers, body });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

/** Resolves with each event of the stream in turn. */
async function* eventsOf(url: string): AsyncGenerator<string> {
  const response = await fetch(`${url}events`);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 2);
    }
  }
}

const document = '<html><head><title>t</title></head><body><main id="report">one</main></body></html>';

describe('serveReport', () => {
  let server: ReportServer;
  beforeEach(async () => {
    server = await serveReport({ port: 0, report: () => Promise.resolve(document) });
  });
  afterEach(() => server.close());

  it('serves the report at an address that cannot be guessed', async () => {
    const { pathname, hostname } = new URL(server.url);
    expect(hostname).toBe('127.0.0.1');
    // 256 random bits, another for each server.
    expect(pathname).toMatch(/^\/[\w-]{43}\/$/);
    const other = await serveReport({ port: 0, report: () => Promise.resolve(document) });
    expect(new URL(other.url).pathname).not.toBe(pathname);
    await other.close();
    const { status, headers, body } = await ask(server.url, pathname);
    expect(status).toBe(200);
    expect(body).toContain('<main id="report">one</main>');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    const policy = String(headers['content-security-policy']);
    const nonce = /script-src 'nonce-([\w-]{22})'/.exec(policy)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe-inline' '");
    expect(body).toContain(`<script nonce="${nonce}">`);
    expect((await ask(server.url, pathname)).body).not.toContain(String(nonce));
    expect(await ask(server.url, pathname, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it('serves nothing else', async () => {
    const { pathname, port } = new URL(server.url);
    const token = pathname.slice(1, -1);
    const paths = [
      '/',
      '',
      '/favicon.ico',
      '/events',
      `/${token}`,
      `/${token.slice(0, -1)}/`,
      `/${token}x/`,
      `/${token.toUpperCase()}/`,
      `//${token}/`,
      `/${token}//`,
      `/${token}/?`,
      `/${token}/report.html`,
      `/${token}/metrics.jsonl`,
      `/${token}/config.json`,
      `/${token}/../${token}/`,
      `/${token}/../../etc/passwd`,
      `/${token}/%2e%2e/metrics.jsonl`,
      `/${token}/events/`,
      `/${token}/events/x`,
      '/x/events',
      `http://127.0.0.1:${port}/${token}/`,
    ];
    for (const path of paths) {
      const { status, body } = await ask(server.url, path);
      expect(status, path).toBe(404);
      expect(body).toBe('Not found\n');
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const { status, headers } = await ask(server.url, pathname, { method });
      expect([status, headers.allow], method).toEqual([405, 'GET, HEAD']);
    }
  });

  it('answers to its own name only, so that no other site’s name leads here', async () => {
    const { pathname, port } = new URL(server.url);
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', '127.0.0.1:1', 'localhost']) {
      const { status, body } = await ask(server.url, pathname, { host });
      expect([status, body], host).toEqual([403, 'Forbidden\n']);
    }
    expect((await ask(server.url, pathname, { host: `localhost:${port}` })).status).toBe(200);
  });

  it('listens on this machine’s own address only', async () => {
    const { port } = new URL(server.url);
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of others) {
      await expect(fetch(`http://${address}:${port}/`)).rejects.toThrow();
    }
    // Other systems have no second loopback address.
    if (process.platform !== 'linux') return;
    const probe = createServer();
    // The port is free at every other address: nothing listens on 0.0.0.0.
    probe.listen({ host: '127.0.0.2', port: Number(port) });
    await once(probe, 'listening');
    probe.close();
  });

  it('tells of changes, and ends those who listen when it closes', async () => {
    const events = eventsOf(server.url);
    expect((await events.next()).value).toMatch(/^retry: 2000\nevent: change/);
    const next = events.next();
    server.announce();
    expect((await next).value).toBe('event: change\ndata:');
    const last = events.next().then(
      ({ done }) => done,
      () => true,
    );
    await server.close();
    expect(await last).toBe(true);
  });

  it('says when the run cannot be read, and that a port is taken', async () => {
    const failing = await serveReport({ port: 0, report: () => Promise.reject(new Error('it is gone')) });
    const { pathname, port } = new URL(failing.url);
    expect(await ask(failing.url, pathname)).toMatchObject({
      status: 500,
      body: 'The run cannot be read: it is gone\n',
    });
    const second = serveReport({ port: Number(port), report: () => Promise.resolve(document) });
    await expect(second).rejects.toThrow(`watch: port ${port} is taken; choose another (--port)`);
    await failing.close();
  });
});

it('livePage takes the report’s policy out and puts its script in', () => {
  const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'">`;
  const page = livePage(`<html><head>${policy}\n<title>t</title></head><body>b</body></html>`, 'abc');
  expect(page).not.toContain('http-equiv');
  expect(page).toMatch(/<body>b<script nonce="abc">[\s\S]*<\/script>\n<\/body><\/html>$/);
});

describe('CachedReport', () => {
  it('draws once for many, not before the pause is over, and not without a change', async () => {
    let [now, drawn] = [0, 0];
    const report = new CachedReport(
      async () => {
        drawn++;
        await wait(1);
        now += 300;
        return `${drawn}`;
      },
      () => now,
    );
    expect(await Promise.all([report.get(), report.get(), report.get()])).toEqual(['1', '1', '1']);
    report.markStale();
    expect(report.pause).toBe(3000);
    expect(await report.get()).toBe('1');
    now += 3000;
    expect(report.pause).toBe(0);
    expect(await report.get()).toBe('2');
    now += 10_000;
    expect(await report.get()).toBe('2');
  });

  it('tries again after a failure', async () => {
    let fails = true;
    const report = new CachedReport(() =>
      fails ? Promise.reject(new Error('half')) : Promise.resolve('whole'),
    );
    await expect(report.get()).rejects.toThrow('half');
    fails = false;
    expect(await report.get()).toBe('whole');
  });
});

/** A run folder as a run leaves it after its first step. */
async function writeRun(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'config.json'), '{"method": "pixcon-sr", "arch": "resnet18"}');
  await writeFile(join(path, 'run.json'), '{"totalSteps": 3, "queueLength": 16}');
  await writeFile(join(path, 'metrics.jsonl'), line(0));
}

function line(step: number): string {
  const rest = { epoch: 0, learningRate: 0.1, targetMomentum: 0.9, queueFilled: 4, imagesPerSecond: 5 };
  return `${JSON.stringify({ step, loss: 5 - step / 4, chance: 6, ...rest })}\n`;
}

describe('pixcon watch', () => {
  it('follows a run, and ends well with Ctrl-C', async () => {
    const run = join(folder, 'run');
    await writeRun(run);
    const entry = fileURLToPath(new URL('./cli-entry.ts', import.meta.url));
    const flags = ['--conditions=@pixcon/source', '--import', 'tsx'];
    const child = spawn(process.execPath, [...flags, entry, 'watch', run], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = once(child, 'close');
    const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/$/);
    const page = async () => await (await fetch(url)).text();
    expect(await page()).toContain('run: pixcon-sr, resnet18');
    const events = eventsOf(url);
    await events.next();
    for (const [step, shown] of [
      [1, /\b2\b[^<]{0,20}\b3\b/],
      [2, /finished/i],
    ] as const) {
      const before = await page();
      const changed = events.next();
      await appendFile(join(run, 'metrics.jsonl'), line(step));
      await changed;
      const after = await page();
      expect(after).not.toBe(before);
      expect(after.replace(/<style[\s\S]*?<\/style>|<svg[\s\S]*?<\/svg>/g, '')).toMatch(shown);
    }
    child.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
    await expect(fetch(url)).rejects.toThrow();
    // It looks and leaves nothing.
    expect((await readdir(run)).sort()).toEqual(['config.json', 'metrics.jsonl', 'run.json']);
  });

  it('refuses what is no run, and a port that is none', async () => {
    const refused = await spawnCli(['watch', folder]);
    expect(refused.stderr).toMatch(/^pixcon: .* is no run folder: it has none of config\.json/);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect((await spawnCli(['watch', join(folder, 'nowhere')])).stderr).toMatch(/nowhere does not exist/);
    expect((await spawnCli(['watch', folder, '--port', 'x'])).stderr).toMatch(/--port.*whole number/);
    expect((await spawnCli(['watch', folder, '--port', '70000'])).stderr).toMatch(/--port.*65535/);
  });
});

describe('pixcon report', () => {
  it('draws a run anew from its folder alone', async () => {
    const run = join(folder, 'run');
    await writeRun(run);
    const { code, stderr } = await spawnCli(['report', run]);
    expect(stderr).toBe(`wrote ${join(run, 'report.html')}\n`);
    expect(code).toBe(0);
    const report = await readFile(join(run, 'report.html'), 'utf8');
    expect(report).toContain('run: pixcon-sr, resnet18');
    const out = join(folder, 'elsewhere.html');
    expect((await spawnCli(['report', run, '--out', out])).code).toBe(0);
    const withoutTime = (text: string) => text.replace(/\d{4}-\d\d-\d\d[T ][\d:.]+/g, '');
    expect(withoutTime(await readFile(out, 'utf8'))).toBe(withoutTime(report));
    const refused = await spawnCli(['report', folder]);
    expect(refused.stderr).toMatch(/^pixcon: .* is no run folder/);
    expect(refused.code).toBe(1);
  });
});
