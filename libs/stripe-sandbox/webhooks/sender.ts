/** One attempt: a POST of a signed event, and what came of it. */
import { Agent as PlainAgent, request as requestPlain } from 'node:http';
import { Agent as SecureAgent, request as requestSecure } from 'node:https';

export interface Attempt {
  /** Absent when there was no answer. */
  status?: number;
  /** Why it counts as failed; absent when it did not. */
  error?: string;
}

const MOST_ANSWER_BYTES = 64 * 1024;

/** Sends over connections that are kept. Any answer but a 2xx is a failure, a redirect too. */
export class Sender {
  private readonly plain: PlainAgent;
  private readonly secure: SecureAgent;
  /** What ends each attempt that is on its way. */
  private readonly underWay = new Set<() => void>();
  private isClosed = false;

  constructor(
    mostConnections: number,
    private readonly timeout_ms: number,
  ) {
    const options = { keepAlive: true, maxSockets: mostConnections, maxFreeSockets: mostConnections };
    this.plain = new PlainAgent(options);
    this.secure = new SecureAgent(options);
  }

  /** Never rejects. */
  send(url: string, body: string, signature: string): Promise<Attempt> {
    return new Promise((resolve) => {
      const isSecure = url.startsWith('https:');
      const request = (isSecure ? requestSecure : requestPlain)(url, {
        method: 'POST',
        agent: isSecure ? this.secure : this.plain,
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'Content-Length': Buffer.byteLength(body),
          'Stripe-Signature': signature,
          'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          Accept: '*/*; q=0.5, application/xml',
          'Cache-Control': 'no-cache',
        },
      });
      let isCut = false;
      const cut = (): void => {
        isCut = true;
        request.destroy();
      };
      const timer = setTimeout(cut, this.timeout_ms).unref();
      this.underWay.add(cut);
      const ended = (attempt: Attempt): void => {
        clearTimeout(timer);
        this.underWay.delete(cut);
        resolve(attempt);
      };
      const failed = (error: NodeJS.ErrnoException): void => {
        ended({ error: isCut ? 'timed_out' : (error.code ?? 'connection_failed') });
      };
      request.on('error', failed);
      request.on('response', (response) => {
        const { statusCode: status = 0 } = response;
        let bytes = 0;
        response.on('error', failed);
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MOST_ANSWER_BYTES) response.destroy(new Error('The answer to a delivery is too long.'));
        });
        response.on('end', () => {
          ended(status >= 200 && status < 300 ? { status } : { status, error: `http_${String(status)}` });
        });
      });
      request.end(body);
      if (this.isClosed) cut();
    });
  }

  /** Cuts off what is on its way. */
  close(): void {
    this.isClosed = true;
    for (const cut of [...this.underWay]) cut();
    this.plain.destroy();
    this.secure.destroy();
  }
}
