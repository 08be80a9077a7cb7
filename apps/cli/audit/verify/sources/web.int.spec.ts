import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { CouldNotTell } from '../outcome.js';
import { BoundedWeb } from './web.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let elsewhere: Server;
let answer: Answer;
let asked: IncomingMessage[];
/** What the other server was sent. */
let askedElsewhere: IncomingMessage[];

const listening = async (respond: Answer): Promise<Server> => {
  const made = createServer(respond).listen(0, '127.0.0.1');
  await once(made, 'listening');
  return made;
};
const portOf = (of: Server): string => String((of.address() as AddressInfo).port);
const url = (path = '/file'): URL => new URL(path, `http://127.0.0.1:${portOf(server)}`);

beforeAll(async () => {
  server = await listening((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  elsewhere = await listening((request, response) => {
    askedElsewhere.push(request);
    response.end('from elsewhere');
  });
});
beforeEach(() => {
  asked = [];
  askedElsewhere = [];
});
afterAll(() => {
  for (const each of [server, elsewhere]) each.closeAllConnections();
  for (const each of [server, elsewhere]) each.close();
});

const web = (timeoutMs = 2_000) => new BoundedWeb({ authorization: 'Bearer secret' }, { timeoutMs, firstPauseMs: 5 });
const get = async (maxBytes = 100, timeoutMs?: number): Promise<string | undefined> => {
  const found = await web(timeoutMs).get(url(), maxBytes);
  return found && Buffer.from(found.bytes).toString();
};

describe('a log on the web', () => {
  it('is read, with what was to be sent along; a file that is not there is none', async () => {
    answer = (_, response) => response.end('a tile');
    expect(await get()).toBe('a tile');
    expect(asked[0]?.headers.authorization).toBe('Bearer secret');
    for (const status of [404, 410]) {
      answer = (_, response) => response.writeHead(status).end('gone');
      expect(await get()).toBeUndefined();
    }
  });

  it('is asked again where that may help, a few times at most', async () => {
    answer = (_, response) => (asked.length < 3 ? response.writeHead(503).end() : response.end('at last'));
    expect(await get()).toBe('at last');
    asked = [];
    answer = (_, response) => response.writeHead(429, { 'retry-after': '0' }).end();
    await expect(get()).rejects.toThrow(/answers 429, 4 times; try again later/);
    expect(asked).toHaveLength(4);
  });

  it('that limits requests is read to its end all the same: all who read wait together, for as long as it says', async () => {
    let [left, windows, opensAt] = [3, 0, 0];
    answer = (_, response) => {
      if (left === 0 && performance.now() >= opensAt) left = 3;
      if (left > 0) {
        left -= 1;
        if (left === 0) [windows, opensAt] = [windows + 1, performance.now() + 40];
        return response.end('a tile');
      }
      return response.writeHead(429, { 'retry-after': '0.05' }).end();
    };
    const shared = web();
    const read = await Promise.all(Array.from({ length: 24 }, () => shared.get(url(), 100)));
    expect(read.map((found) => found && Buffer.from(found.bytes).toString())).toEqual(read.map(() => 'a tile'));
    expect(windows).toBe(8);
    // In each window all ask once, and those that got nothing wait: 24 + 21 + ... + 3.
    expect(asked.length).toBeLessThanOrEqual(108);
  });

  it('that says no for ever holds nobody up for ever', async () => {
    answer = (_, response) => response.writeHead(429, { 'retry-after': '0.02' }).end();
    const pauses = { maxPauseMs: 10, firstMs: 35, perFileMs: 0 };
    const short = new BoundedWeb({}, { timeoutMs: 2_000, firstPauseMs: 5, pauses });
    await expect(short.get(url(), 100)).rejects.toThrow(/answers 429 again and again; .* or verify an export/);
    expect(asked).toHaveLength(4);
  });

  it('is not asked again where that helps nothing', async () => {
    answer = (_, response) => response.writeHead(401).end();
    await expect(get()).rejects.toThrow(/answers 401: it wants a token/);
    answer = (_, response) => response.writeHead(400).end();
    await expect(get()).rejects.toThrow(/answers 400$/);
    expect(asked).toHaveLength(2);
  });

  it('cannot fill the memory, nor hold the verifier up', async () => {
    answer = (_, response) => response.end(Buffer.alloc(101));
    await expect(get()).rejects.toThrow('has more than 100 bytes');
    answer = (_, response) => void response.writeHead(200).write('and then nothing');
    await expect(get(100, 60)).rejects.toThrow(CouldNotTell);
    answer = () => undefined;
    await expect(get(100, 60)).rejects.toThrow('no answer in time');
  });

  it('may lead on, a few times, and never to where anybody could have changed it', async () => {
    answer = (request, response) =>
      request.url === '/moved' ? response.end('moved') : response.writeHead(302, { location: '/moved' }).end();
    expect(await get()).toBe('moved');
    answer = (_, response) => response.writeHead(307, { location: '/file' }).end();
    await expect(get()).rejects.toThrow('leads on more than 3 times');
    for (const location of ['http://example.com/', 'file:///etc/passwd', 'ftp://127.0.0.1/']) {
      answer = (_, response) => response.writeHead(301, { location }).end();
      await expect(get()).rejects.toThrow('is not https');
    }
    answer = (_, response) => response.writeHead(301).end();
    await expect(get()).rejects.toThrow(CouldNotTell);
  });

  it('from elsewhere does not lead to this machine', async () => {
    answer = (_, response) => response.writeHead(302, { location: url().href }).end();
    const named = new URL(url());
    named.hostname = '0.0.0.0'; // no name of the loopback
    await expect(web().get(named, 100)).rejects.toThrow('which is this machine');
    expect(asked).toHaveLength(1);
  });

  it('is not told a token by another server', async () => {
    const location = `http://127.0.0.1:${portOf(elsewhere)}/file`;
    answer = (_, response) => response.writeHead(302, { location }).end();
    expect(await get()).toBe('from elsewhere');
    expect(askedElsewhere[0]?.headers.authorization).toBeUndefined();
  });
});
