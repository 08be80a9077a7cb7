import type { BrowserContext, Request } from 'playwright-core';

/** A request as it left the browser. */
export interface Sent {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** `document`, `script`, `fetch` and so on. */
  kind: string;
  /** The address of the frame that sent it. */
  frame: string;
}

/** Every request of a context from now on, with headers and body, those of frames, workers and reports included. */
export class Recording {
  readonly #requests: Promise<Sent>[] = [];

  constructor(context: BrowserContext) {
    context.on('request', (request) => {
      this.#requests.push(sentBy(request));
    });
  }

  /** Those to `origin`; all of them where none is named. */
  async requests(origin = ''): Promise<Sent[]> {
    const all = await Promise.all(this.#requests);
    return all.filter(({ url }) => url.startsWith(origin));
  }
}

const sentBy = async (request: Request): Promise<Sent> => ({
  method: request.method(),
  url: request.url(),
  headers: await request.allHeaders().catch(() => request.headers()), // the page may be gone
  body: request.postDataBuffer()?.toString('latin1') ?? '',
  kind: request.resourceType(),
  frame: frameOf(request),
});

const frameOf = (request: Request): string => {
  try {
    return request.frame().url();
  } catch {
    return ''; // of a worker, or of a page that is not there yet
  }
};
