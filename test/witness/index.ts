/**
 * A witness, https://c2sp.org/tlog-witness, over HTTP on loopback, with a key and a memory that outlive it. Nothing of it is shared with our client
 * but libs/audit.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { LogIdentity, VerifierKey } from '#audit';
import { formatNote, formatVerifierKey, parseNote } from '#audit';

import { Refusal, judge, readSubmission } from './submission.js';
import { WitnessState, hashOf } from './witness-state.js';

export { hashOf };

export interface TestWitnessOptions {
  /** Where key and memory are; another witness on the same folder is the same witness. */
  directory: string;
  /** Of its key. */
  name: string;
  logs: readonly LogIdentity[];
  /** 0, the default: a free one. */
  port?: number;
}

export interface TestWitness {
  key: VerifierKey;
  /** Submission and monitoring prefix. */
  url: string;
  port: number;
  /** `witness NAME VKEY URL`. */
  policyLine: string;
  /** Status of each answer to add-checkpoint, in order. */
  answers: number[];
  /** Waited for before each answer. */
  holdUp: () => Promise<unknown>;
  /** The checkpoint that it cosigned last, with the signatures of the log and its own. */
  latest(origin: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

const maxBodyBytes = 65_536;

export const startWitness = async ({ directory, name, logs, port = 0 }: TestWitnessOptions): Promise<TestWitness> => {
  const state = await WitnessState.open(directory, name);
  let turn: Promise<unknown> = Promise.resolve();
  // Comparing and keeping are one step.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const add = async (body: string): Promise<string> => {
    const submission = readSubmission(body);
    const log = logs.find(({ origin }) => origin === submission.origin);
    if (!log) throw new Refusal(404, 'unknown log');
    const checkpoint = judge(submission, log, await state.latest(log.origin));
    const { text } = parseNote(submission.note);
    const cosigned = state.cosign(formatNote({ text, signatures: checkpoint.signatures }));
    await state.keep(log.origin, cosigned);
    return `${cosigned.trimEnd().split('\n').at(-1) ?? ''}\n`;
  };
  const witness: Pick<TestWitness, 'answers' | 'holdUp'> = { answers: [], holdUp: () => Promise.resolve() };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const log = logs.find(({ origin }) => request.url === `/${hashOf(origin)}/checkpoint`);
    if (request.method === 'GET' && log) {
      const latest = await state.latest(log.origin);
      response.writeHead(latest === undefined ? 404 : 200).end(latest);
      return;
    }
    if (request.method !== 'POST' || request.url !== '/add-checkpoint') {
      response.writeHead(404).end();
      return;
    }
    const body = await bodyOf(request);
    await witness.holdUp();
    const answer = await inTurn(() => add(body)).then(
      (text) => ({ status: 200, type: 'text/plain; charset=utf-8', text }),
      (error: unknown) => answerTo(error),
    );
    witness.answers.push(answer.status);
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.text);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(taken)}`;
  return Object.assign(witness, {
    key: state.key,
    url,
    port: taken,
    policyLine: `witness ${name} ${formatVerifierKey(state.key)} ${url}`,
    latest: (origin: string) => state.latest(origin),
    stop: () => stop(server),
  });
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const answerTo = (error: unknown): { status: number; type: string; text: string } => {
  if (!(error instanceof Refusal)) throw error;
  const { status, message, size } = error;
  return size === undefined
    ? { status, type: 'text/plain; charset=utf-8', text: message }
    : { status, type: 'text/x.tlog.size', text: `${String(size)}\n` };
};

const stop = async (server: Server): Promise<void> => {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
};
