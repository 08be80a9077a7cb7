/**
 * The stand-in for Stripe.js and its frames: `GET /endive/stripe.js` is for any page, the rest is what the frames are made of. They are plain
 * files of `browser/`, read once.
 */
import { readFileSync } from 'node:fs';
import type { Exchange } from './exchange.js';
import { unrecognizedUrl } from '../wire/errors.js';

const types = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
} as const;

/** Everything that is served, and nothing besides. */
const names = [
  'stripe.js',
  'payment.html',
  'payment.js',
  'card-fields.js',
  'bank-fields.js',
  'challenge.html',
  'challenge.js',
  'channel.js',
  'appearance.js',
  'frame.css',
] as const;

/** Frames load from their own origin alone, and are shown by pages of this machine. */
const FRAME_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  'frame-ancestors http://127.0.0.1:* http://localhost:*';

interface BrowserFile {
  body: Buffer;
  headers: Record<string, string | number>;
}

const load = (name: (typeof names)[number]): BrowserFile => {
  const body = readFileSync(new URL(`../browser/${name}`, import.meta.url));
  const extension = name.slice(name.lastIndexOf('.') + 1) as keyof typeof types;
  return {
    body,
    headers: {
      'Content-Type': types[extension],
      'Content-Length': body.length,
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      ...(extension === 'html' && { 'Content-Security-Policy': FRAME_POLICY }),
      ...(name === 'stripe.js' && {
        'Access-Control-Allow-Origin': '*',
        'Cross-Origin-Resource-Policy': 'cross-origin',
      }),
    },
  };
};

export const BROWSER_PATH = '/endive/';

const loaded = new Map<string, BrowserFile>();

/** Answers a request under `/endive/`. Throws a 404 StripeError. */
export const sendBrowserFile = ({ request, response, path }: Exchange): void => {
  const name = names.find((each) => BROWSER_PATH + each === path);
  const { method = 'GET' } = request;
  if (name === undefined || (method !== 'GET' && method !== 'HEAD')) throw unrecognizedUrl(method, path);
  const file = loaded.get(name) ?? load(name);
  loaded.set(name, file);
  response.writeHead(200, file.headers);
  response.end(method === 'HEAD' ? undefined : file.body);
};
