/** A fault of the sandbox: what the next requests to a path meet. */
export interface Fault {
  path: string;
  method?: 'GET' | 'POST';
  times?: number;
  fault: 'delay' | 'timeout_after_effect' | 'rate_limited' | 'server_error' | 'reset' | 'conflict';
  afterEffect?: boolean;
  code?: 'lock_timeout' | 'idempotency_key_in_use';
  delayMs?: number;
}

/** The processor's own view, read past the gateway. */
export class SandboxView {
  constructor(readonly url: string) {}

  async list<T = Record<string, unknown>>(path: string): Promise<T[]> {
    const { data } = (await this.#call('GET', path)) as { data: T[] };
    return data;
  }

  async arm({ path, method = 'POST', times = 1, ...fault }: Fault): Promise<void> {
    await this.#call('POST', '/sandbox/faults', { match: { path, method, times }, ...fault });
  }

  async calm(): Promise<void> {
    await this.#call('DELETE', '/sandbox/faults');
  }

  async post(path: string, body?: unknown): Promise<unknown> {
    return this.#call('POST', path, body);
  }

  /** The owner of the card finishes the action that the payment waits for. */
  async authenticate(intentId: string): Promise<void> {
    await this.#call('POST', `/sandbox/payment_intents/${intentId}/authenticate`, { outcome: 'succeed' });
  }

  /** The owner of the card does not pass. */
  async failAuthentication(intentId: string): Promise<void> {
    await this.#call('POST', `/sandbox/payment_intents/${intentId}/authenticate`, { outcome: 'fail' });
  }

  /** Confirms past us, as who has the client secret can try: with a publishable key and a token that this browser has made. */
  async confirmInBrowser(clientSecret: string, confirmationToken: string): Promise<{ status: number; text: string }> {
    const [id = ''] = clientSecret.split('_secret_');
    const response = await fetch(`${this.url}/v1/payment_intents/${id}/confirm`, {
      method: 'POST',
      headers: { authorization: 'Bearer pk_test_sandbox' },
      body: new URLSearchParams({ client_secret: clientSecret, confirmation_token: confirmationToken }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** Asks the processor for something, as its API takes it. */
  async form(path: string, params: Record<string, string>): Promise<{ id: string }> {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_sandbox' },
      body: new URLSearchParams(params),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as { id: string };
  }

  /** What a payer's browser would make of a test card. */
  async confirmationToken(card = 'pm_card_visa'): Promise<string> {
    return (await this.form('/v1/test_helpers/confirmation_tokens', { payment_method: card })).id;
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: 'Bearer sk_test_sandbox' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
