import type { INestApplication } from '@nestjs/common';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { connect } from 'node:net';
import 'reflect-metadata';

import { fastifyAdapter } from './server.js';

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
}

@Module({ controllers: [SlowController] })
class App {}

let app: INestApplication;

beforeAll(async () => {
  app = await NestFactory.create(App, fastifyAdapter({ requestTimeoutMs: 200 }), { logger: false });
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

/** Sends bytes, one piece every 40 ms, and gives all that comes back. */
const trickle = async (pieces: readonly string[]): Promise<string> => {
  const { hostname, port } = new URL(await app.getUrl());
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    let at = 0;
    const timer = setInterval(() => {
      if (at < pieces.length && socket.writable) socket.write(pieces[at] ?? '');
      at += 1;
    }, 40);
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => undefined); // written to while the server hangs up
    socket.on('close', () => {
      clearInterval(timer);
      resolve(answer);
    });
  });
};

const head =
  'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n';

describe('a request that trickles in', () => {
  it.each([
    ['body', [head, ...Array.from({ length: 100 }, () => ' ')]],
    ['headers', Array.from(head)],
  ])('by its %s is ended with 408', async (_, pieces) => {
    const answer = await trickle(pieces);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('"code":"request_timeout"');
  });
});

describe('a request that has arrived', () => {
  it('may wait for its answer for longer', async () => {
    const reply = await fetch(await app.getUrl());
    expect([reply.status, await reply.text()]).toEqual([200, 'waited for the processor']);
  });
});
