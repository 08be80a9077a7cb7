import type { INestApplication } from '@nestjs/common';
import { Controller, Get, Module, Post, StreamableFile } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import 'reflect-metadata';

import { talk } from '../../../test/raw-http/index.js';
import { fastifyAdapter } from './server.js';

/** Whether the endless answer has been given up, and how much of it was made until then. */
let endless: { given: number; closed: Promise<unknown> } | undefined;

@Controller()
class SlowController {
  @Get()
  async slow(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 700));
    return 'waited for the processor';
  }

  @Post()
  echo(): string {
    return 'arrived';
  }

  /** As a stream of events that never ends. */
  @Get('endless')
  endless(): StreamableFile {
    const body = new Readable({
      read() {
        if (endless) endless.given += 65_536;
        this.push(Buffer.alloc(65_536, 'x'));
      },
    });
    endless = { given: 0, closed: once(body, 'close') };
    return new StreamableFile(body);
  }
}

@Module({ controllers: [SlowController] })
class App {}

let app: INestApplication;

beforeAll(async () => {
  const bounds = { requestTimeoutMs: 200, stalledMs: 1_000 };
  app = await NestFactory.create(App, fastifyAdapter(bounds), { logger: false });
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

const trickle = async (pieces: readonly string[]) => talk(await app.getUrl(), pieces, { everyMs: 40 });

const head =
  'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n';

describe('a request that trickles in', () => {
  it.each([
    ['body', [head, ...Array.from({ length: 100 }, () => ' ')]],
    ['headers', Array.from(head)],
  ])('by its %s is ended with 408', async (_, pieces) => {
    const { statuses, text } = await trickle(pieces);
    expect(statuses).toEqual([408]);
    expect(text).toContain('"code":"request_timeout"');
  });

  it('does not keep others out, two hundred of it at once', async () => {
    const slow = Array.from({ length: 200 }, () => trickle(Array.from(head)));
    expect((await fetch(await app.getUrl(), { method: 'POST' })).status).toBe(201);
    for (const { statuses } of await Promise.all(slow)) expect(statuses).toEqual([408]);
  });
});

describe('a request that has arrived', () => {
  it('may wait for its answer for longer', async () => {
    const reply = await fetch(await app.getUrl());
    expect([reply.status, await reply.text()]).toEqual([200, 'waited for the processor']);
  });
});

describe('an answer that nobody reads', () => {
  it('is given up after a while, and holds no more than fits between here and there', async () => {
    const { hostname, port } = new URL(await app.getUrl());
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined); // reset by the server
    socket.pause().write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
    while (!endless) await new Promise((resolve) => setTimeout(resolve, 10));
    const begun = performance.now();
    await endless.closed;
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(endless.given).toBeLessThan(32 * 1_048_576);
    socket.destroy();
  });
});

describe('a listener', () => {
  it('closes the connection beyond those that it may have, and takes others once one of them is gone', async () => {
    const full = await NestFactory.create(App, fastifyAdapter({ maxConnections: 2 }), { logger: false });
    await full.listen(0, '127.0.0.1');
    const url = await full.getUrl();
    const get = () => talk(url, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const { hostname, port } = new URL(url);
    const held = [1, 2].map(() => connect(Number(port), hostname));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    const beyond = await get();
    expect([beyond.statuses, beyond.closedAfterMs]).toEqual([[], expect.any(Number)]);
    held[0]?.destroy();
    let statuses: number[] = [];
    const deadline = Date.now() + 5_000;
    while (statuses.length === 0 && Date.now() < deadline) ({ statuses } = await get());
    expect(statuses).toEqual([200]);
    held[1]?.destroy();
    await full.close();
  });
});
