import { HttpProblem } from './errors.js';
import { eventStreamParser } from './event-stream.js';
import type { Http } from './http.js';

/** One piece of an answer: the JSON text of an event, or a position alone, up to which there was nothing that is wanted. */
export interface Piece {
  data?: string;
  id?: string;
  problem?: HttpProblem;
}

/** Nothing for so long, not even a heartbeat: the connection is dead. */
const silenceMs = 60_000;

/**
 * What one answer of `GET /v1/events` holds, as it comes: lines of NDJSON, or messages of an event stream to `follow`. Ends where the answer
 * ends, and where the token of a stream has expired: the next request brings another. Throws HttpProblem and what fetch throws.
 */
export async function* answerTo(
  http: Http,
  path: string,
  { follow, signal, tenantId }: { follow: boolean; signal?: AbortSignal; tenantId?: string },
): AsyncGenerator<Piece, void, undefined> {
  const silence = new AbortController();
  const watch = setTimeout(() => {
    silence.abort(new Error('the connection is silent'));
  }, silenceMs);
  try {
    const response = await http.get(path, {
      accept: follow ? 'text/event-stream' : 'application/x-ndjson',
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
      ...(tenantId !== undefined && { tenantId }),
    });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    const piecesOf = isStream ? blocks() : lines();
    const decoder = new TextDecoder();
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      for (const piece of piecesOf(decoder.decode(chunk, { stream: true }))) {
        if (piece.problem?.status === 401) return;
        if (piece.problem) throw piece.problem;
        yield piece;
      }
      watch.refresh();
    }
    const lookedUpTo = response.headers.get('billing-position');
    if (!isStream && lookedUpTo !== null) yield { id: lookedUpTo };
  } finally {
    clearTimeout(watch);
    silence.abort();
  }
}

/** Takes parts of a text, gives the lines that they complete. */
const lines = (): ((part: string) => Piece[]) => {
  let rest = '';
  return (part) => {
    const found = (rest + part).split('\n');
    rest = found.pop() ?? '';
    return found.filter((line) => line !== '').map((data) => ({ data }));
  };
};

/** Takes parts of an event stream, gives what they complete. An event's own id is in its data too. */
const blocks = (): ((part: string) => Piece[]) => {
  const parse = eventStreamParser();
  return (part) =>
    parse(part).map(({ event, data, id }) => {
      if (data === undefined) return { ...(id !== undefined && { id }) };
      return event === 'problem' ? { problem: problemIn(data) } : { data };
    });
};

const problemIn = (data: string): HttpProblem => {
  const { status, code, detail, requestId } = JSON.parse(data) as {
    status: number;
    code: string;
    detail: string;
    requestId?: string;
  };
  return new HttpProblem(status, code, detail, requestId);
};
