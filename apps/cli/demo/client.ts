/** One answer of the api. */
export interface Answer<T> {
  status: number;
  replayed: boolean;
  /** Where in the log it stands. */
  position: string | undefined;
  body: T;
}

/** The demo's view of the api: plain fetch, as any upstream service has it. */
export class DemoClient {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  async post<T>(path: string, key: string, body: unknown, token = this.token): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    return answerOf(response, (await response.json()) as T);
  }

  async get<T>(path: string, minPosition?: string): Promise<Answer<T>> {
    const response = await this.#get(path, minPosition);
    return answerOf(response, (await response.json()) as T);
  }

  /** An answer of plain text, waited for as long as it may take on a slow machine. Throws for every other status than 200. */
  async text(path: string): Promise<string> {
    const response = await this.#get(path, undefined, 'wait=30');
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: answered ${response.status} ${text}`);
    return text;
  }

  /** The objects of an NDJSON answer. */
  async lines<T>(path: string): Promise<T[]> {
    const text = await (await this.#get(path)).text();
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }

  #get(path: string, minPosition?: string, prefer?: string): Promise<Response> {
    const headers = {
      authorization: `Bearer ${this.token}`,
      ...(prefer && { prefer }),
      ...(minPosition && { 'billing-min-position': minPosition }),
    };
    return fetch(`${this.url}${path}`, { headers });
  }
}

const answerOf = <T>(response: Response, body: T): Answer<T> => ({
  status: response.status,
  replayed: response.headers.get('idempotency-replayed') === 'true',
  position: response.headers.get('billing-position') ?? undefined,
  body,
});
