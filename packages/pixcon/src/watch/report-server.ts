import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PixconError } from '@pixcon/core';
import { livePage } from './live-page.ts';

const address = '127.0.0.1';

export interface ReportServerOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** The report as it is now. */
  readonly report: () => Promise<string>;
}

export interface ReportServer {
  /** With the token: who has it can see the report, from this machine only. */
  readonly url: string;
  /** Tells the pages that the report has changed. */
  announce(): void;
  close(): Promise<void>;
}

/**
 * Serves one report and nothing else, on this machine only: `/TOKEN/` is the page and `/TOKEN/events` tells it of
 * changes. Any other path is not found. The address of the request is checked as well (`Host`), so that a page of
 * another site cannot reach it by a name that it points to this machine.
 *
 * @throws PixconError `invalid-argument` for a port that is taken
 */
export async function serveReport({ port, report }: ReportServerOptions): Promise<ReportServer> {
  // 256 bits: not to be guessed by other users of this machine.
  const token = randomBytes(32).toString('base64url');
  const listeners = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, 500, `The run cannot be read: ${reasonOf(error)}`);
      else response.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { port: bound } = server.address() as AddressInfo;
    const hosts = [`${address}:${bound}`, `localhost:${bound}`];
    if (!hosts.includes(request.headers.host ?? '')) return refuse(response, 403, 'Forbidden');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return refuse(response, 405, 'Method not allowed');
    }
    const [, given = '', rest, ...more] = (request.url ?? '').split('/');
    if (!isEqual(given, token) || rest === undefined || more.length > 0)
      return refuse(response, 404, 'Not found');
    if (rest === 'events') return listen(request, response);
    if (rest !== '') return refuse(response, 404, 'Not found');
    const nonce = randomBytes(16).toString('base64url');
    const page = livePage(await report(), nonce);
    response.writeHead(200, { ...commonHeaders(nonce), 'Content-Type': 'text/html; charset=utf-8' });
    response.end(request.method === 'HEAD' ? undefined : page);
  }

  function listen(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { ...commonHeaders(), 'Content-Type': 'text/event-stream' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    // A page that was away may have missed something.
    response.write('retry: 2000\nevent: change\ndata:\n\n');
    listeners.add(response);
    response.on('close', () => listeners.delete(response));
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(error, port)));
    server.listen({ host: address, port }, resolve);
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}/${token}/`,
    announce() {
      for (const listener of listeners) listener.write('event: change\ndata:\n\n');
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        // Pages that listen would hold it open.
        server.closeAllConnections();
      });
    },
  };
}

/** @param nonce of the page's script; without one no script runs */
function commonHeaders(nonce?: string): Record<string, string> {
  const script = nonce === undefined ? '' : ` script-src 'nonce-${nonce}'; connect-src 'self';`;
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': `default-src 'none'; img-src data:; style-src 'unsafe-inline';${script} base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  };
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...commonHeaders(), 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

/** In a time that tells nothing about where they differ. Digests, because lengths must be equal. */
function isEqual(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function portError(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error;
  const reason = error.code === 'EADDRINUSE' ? 'is taken' : 'is not allowed';
  return new PixconError(
    'invalid-argument',
    `watch: port ${port} ${reason}; choose another (--port), or leave it out to get a free one`,
    { cause: error },
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
