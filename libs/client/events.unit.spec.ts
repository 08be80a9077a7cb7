import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { HttpProblem, HttpUnavailable } from './errors.js';
import type { EventsOptions } from './events.js';
import { readEvents } from './events.js';
import { Http } from './http.js';

/** A service that answers what each spec wants, in turn; the last answer is given again. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let http: Http;
let answers: Answer[];
let asked: string[];
let tokens: number;

beforeEach(async () => {
  [answers, asked, tokens] = [[], [], 0];
  server = createServer((request, response) => {
    asked.push(`${request.headers.authorization} ${request.url}`);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  http = new Http({ url, token: () => Promise.resolve(`t${(tokens += 1)}`) });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const event = (position: number) => JSON.stringify({ position: `7:${position}`, type: 'PaymentCaptured', data: {} });
const page =
  (...positions: number[]): Answer =>
  (_, response) =>
    response
      .setHeader('content-type', 'application/x-ndjson')
      .end(positions.map((position) => `${event(position)}\n`).join(''));
/** Sends a text in pieces of a few bytes, and ends or cuts the connection. */
const stream =
  (text: string, end: 'end' | 'cut' | 'open' = 'end'): Answer =>
  (_, response) => {
    response.setHeader('content-type', 'text/event-stream');
    for (let at = 0; at < text.length; at += 7) response.write(text.slice(at, at + 7));
    if (end === 'end') response.end();
    if (end === 'cut') setTimeout(() => response.destroy(), 20);
  };
const message = (position: number) => `id: 7:${position}\ndata: ${event(position)}\n\n`;
const problem =
  (status: number, code: string): Answer =>
  (_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/problem+json', 'request-id': 'r1' })
      .end(JSON.stringify({ status, code, detail: 'no' }));

const read = async (options: EventsOptions, count = Infinity): Promise<string[]> => {
  const positions: string[] = [];
  for await (const { position } of readEvents(http, options)) {
    positions.push(position);
    if (positions.length >= count) break;
  }
  return positions;
};

describe('reading events to the end', () => {
  it('goes from page to page, with a token for each', async () => {
    answers = [page(1, 2), page(5), page()];
    expect(await read({ types: ['PaymentCaptured', 'PaymentFailed'] })).toEqual(['7:1', '7:2', '7:5']);
    const types = 'types=PaymentCaptured%2CPaymentFailed';
    expect(asked).toEqual([
      `Bearer t1 /v1/events?${types}&limit=1000`,
      `Bearer t2 /v1/events?after=7%3A2&${types}&limit=1000`,
      `Bearer t3 /v1/events?after=7%3A5&${types}&limit=1000`,
    ]);
  });

  it('goes on behind the last event after a broken connection, giving none twice', async () => {
    const cut: Answer = (_, response) => {
      response.setHeader('content-type', 'application/x-ndjson').write(`${event(4)}\n${event(5).slice(0, 9)}`);
      setTimeout(() => response.destroy(), 20);
    };
    answers = [cut, problem(503, 'overloaded'), page(5, 6), page()];
    expect(await read({ after: '7:3' })).toEqual(['7:4', '7:5', '7:6']);
    expect(asked[2]).toContain('after=7%3A4&');
  });

  it('goes on where an answer held nothing but says that it looked further', async () => {
    const looked =
      (upTo: number, ...positions: number[]): Answer =>
      (request, response) => {
        response.setHeader('billing-position', `7:${upTo}`);
        page(...positions)(request, response);
      };
    answers = [looked(20_000), looked(40_000, 30_000), looked(40_000)];
    expect(await read({ streamId: 'payment-1' })).toEqual(['7:30000']);
    expect(asked.map((line) => line.split('?')[1])).toEqual([
      'streamId=payment-1&limit=1000',
      'after=7%3A20000&streamId=payment-1&limit=1000',
      'after=7%3A40000&streamId=payment-1&limit=1000',
    ]);
  });

  it('says at once what the service refuses', async () => {
    answers = [problem(400, 'invalid_position')];
    const refused = read({ after: '8:1' });
    await expect(refused).rejects.toThrow(HttpProblem);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_position', status: 400, requestId: 'r1' });
    expect(asked).toHaveLength(1);
  });

  it('gives up when nothing answers for as long as it was told', async () => {
    answers = [problem(503, 'overloaded')];
    await expect(read({ patienceMs: 300 })).rejects.toThrow(HttpUnavailable);
  });
});

describe('following events', () => {
  it('takes events as they come, over several connections', async () => {
    answers = [
      stream(`retry: 2000\n\n${message(1)}${message(2)}`),
      stream(message(3), 'cut'),
      stream(message(9), 'open'),
    ];
    expect(await read({ follow: true }, 4)).toEqual(['7:1', '7:2', '7:3', '7:9']);
    expect(asked.map((line) => line.split('?')[1])).toEqual(['', 'after=7%3A2', 'after=7%3A3']);
  });

  it('goes on behind a heartbeat, which says up to where there was nothing', async () => {
    answers = [stream(`${message(1)}: heartbeat\nid: 7:40\n\n`), stream(message(41), 'open')];
    expect(await read({ follow: true }, 2)).toEqual(['7:1', '7:41']);
    expect(asked[1]).toContain('after=7%3A40');
  });

  it('brings a new token where the old one expires', async () => {
    const expired = `event: problem\ndata: ${JSON.stringify({ status: 401, code: 'token_expired', detail: 'expired' })}\n\n`;
    answers = [stream(message(1) + expired), stream(message(2), 'open')];
    expect(await read({ follow: true }, 2)).toEqual(['7:1', '7:2']);
    expect(asked[1]).toContain('Bearer t2');
  });

  it('says what the service cannot tell', async () => {
    const broken = `event: problem\ndata: ${JSON.stringify({ status: 422, code: 'event_unreadable', detail: 'v9' })}\n\n`;
    answers = [stream(message(1) + broken)];
    await expect(read({ follow: true })).rejects.toMatchObject({ code: 'event_unreadable' });
  });

  it('ends when told so, in the middle of a quiet stream', async () => {
    answers = [stream(message(1), 'open')];
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const { position } of readEvents(http, { follow: true, signal: stop.signal })) {
      seen.push(position);
      setTimeout(() => {
        stop.abort();
      }, 50);
    }
    expect(seen).toEqual(['7:1']);
  });
});

describe('a GET', () => {
  it('is tried again where that helps, and carries what was asked', async () => {
    answers = [
      problem(503, 'overloaded'),
      ({ headers }, response) =>
        response.end(JSON.stringify([headers['billing-min-position'], headers['billing-tenant']])),
    ];
    const got = await http.json('/v1/payments/p1', { minPosition: '7:1', tenantId: 'acme' });
    expect(got).toEqual(['7:1', 'acme']);
  });

  it('tells a problem that comes from no service of ours', async () => {
    answers = [(_, response) => response.writeHead(404).end('<html>')];
    await expect(http.json('/v1/payments/p1')).rejects.toMatchObject({ code: 'http_error', status: 404 });
  });

  it('ends when nothing listens', async () => {
    const nobody = new Http({ url: 'http://127.0.0.1:9', token: () => Promise.resolve('t') });
    await expect(nobody.json('/v1/payments/p1')).rejects.toThrow(HttpUnavailable);
  });
});
