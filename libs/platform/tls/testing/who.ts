import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ArgumentsHost } from '@nestjs/common';
import { Catch, Controller, Get, Module, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { readInboundSettings } from '../../configuration/index.js';
import { ProblemError, boundedFastify, problem, rememberRoutes } from '../../http/index.js';
import { createLogger } from '../../logging/index.js';
import { createMetrics } from '../../metrics/index.js';
import { Listeners, addressOf, peerOf } from '../index.js';
import type { AccessRefusal, Served } from '../index.js';
import type { Issued } from './authority.js';
import { idOf, serverCertificate } from './authority.js';

/** Tells each caller who it takes them for. */
@Controller()
class WhoController {
  @Get('who')
  who(@Req() { raw }: FastifyRequest) {
    const { rawHeaders } = raw;
    return { peer: peerOf(raw), address: addressOf(raw), headers: raw.headers, rawHeaders };
  }

  /** An answer without an end. */
  @Get('stream')
  stream(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200).write('begun\n');
  }
}

/** As the apps answer. */
@Catch(ProblemError)
class ProblemFilter {
  catch({ status, code, message }: ProblemError, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(status).send(problem(status, code, message));
  }
}

@Module({ controllers: [WhoController] })
class WhoModule {}

/** A small app behind the real listeners, whose files can be written anew. */
export interface Who extends Served {
  file(name: string): string;
  write(name: string, content: string): Promise<void>;
  logged(): Record<string, unknown>[];
  refusals(listener: string, reason: string): Promise<number>;
  /** What the access log would be told. */
  denials: AccessRefusal[];
  close(): Promise<void>;
}

export interface WhoOptions {
  authority: Issued;
  allow?: readonly string[];
  deny?: readonly string[];
  proxies?: string;
  /** For plain HTTP on its main port, and no listener for services. */
  plain?: boolean;
  now?: () => number;
  /** Default 100. */
  maxConnections?: number;
}

/** Writes as those who know what they do: never a half of it. */
const writeWhole = async (file: string, content: string): Promise<void> => {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
};

/** A list, one a line. */
export const listOf = (entries: readonly string[]): string =>
  ['# of the specs', ...entries].map((each) => `${each}\n`).join('');

export const startWho = async ({ authority, plain, now, maxConnections = 100, ...lists }: WhoOptions): Promise<Who> => {
  const directory = await mkdtemp(join(tmpdir(), 'billing-tls-'));
  const file = (name: string) => join(directory, name);
  const write = (name: string, content: string) => writeWhole(file(name), content);
  const server = await serverCertificate(authority);
  await write('cert.pem', server.certificatePem);
  await write('key.pem', server.keyPem);
  await write('ca.pem', authority.certificatePem);
  await write('allow', listOf(lists.allow ?? [idOf('shop')]));
  await write('deny', listOf(lists.deny ?? []));
  const settings = readInboundSettings(
    {
      TLS_CLIENT_CA: file('ca.pem'),
      TLS_CLIENT_ALLOW: file('allow'),
      TLS_CLIENT_DENY: file('deny'),
      ...(!plain && { SERVICE_PORT: '0', TLS_CERT: file('cert.pem'), TLS_KEY: file('key.pem') }),
      ...(lists.proxies !== undefined && { TRUSTED_PROXIES: lists.proxies }),
    },
    'api',
  );
  const lines: string[] = [];
  const logger = createLogger({ app: 'who', level: 'info', write: (line) => lines.push(line) });
  const metrics = createMetrics('who');
  const denials: AccessRefusal[] = [];
  const listeners = new Listeners(settings, {
    logger,
    metrics,
    name: 'people',
    denied: (refusal) => denials.push(refusal),
    handshakeTimeoutMs: 2_000,
    lookEveryMs: 100,
    ...(now && { now }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    WhoModule,
    boundedFastify({
      bodyLimitBytes: 1_024,
      requestTimeoutMs: 5_000,
      maxConnections,
      tls: listeners.tls,
      onFrameworkError: (_, __, reply) => void reply.status(400).send(),
    }),
    { logger: false },
  );
  app.useGlobalFilters(new ProblemFilter());
  listeners.lookAtRequests(app);
  rememberRoutes(app);
  const served = await listeners.serve(app, 0);
  return {
    ...served,
    file,
    write,
    denials,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    refusals: async (listener, reason) => {
      const { values } = await (metrics.getSingleMetric('billing_tls_refusals_total') as unknown as Readable).get();
      return values.find(({ labels }) => labels.listener === listener && labels.reason === reason)?.value ?? 0;
    },
    close: async () => {
      await Promise.all([app.close(), listeners.close()]);
      await rm(directory, { recursive: true });
    },
  };
};

interface Readable {
  get(): Promise<{ values: { labels: Record<string, string>; value: number }[] }>;
}
