import { derivedId } from '#contracts';
import type { Keys } from '#keys';
import canonicalize from 'canonicalize';

/** Where a key came from, so that one source can never use up another's. A storage format. */
export type CommandSource = 'http' | 'kafka' | 'stripe' | 'checkout';

/** The id of a command: the same tenant, source, caller and key always give the same one. */
export const commandIdOf = (tenantId: string, source: CommandSource, caller: string, key: string): string =>
  derivedId(tenantId, JSON.stringify([source, caller, key]));

/** The id of something that a command creates, such as its `payment` or `refund`. A repeat creates the same. */
export const idFrom = (commandId: string, what: string): string => derivedId(commandId, what);

/** Tells a repeat from a key that is used for something else, without keeping what was asked. */
export class Fingerprints {
  readonly #keys: Keys;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** Keyed HMAC of what is asked: a method, a path with its ids, and the body in RFC 8785 form. 32 bytes. */
  async of(tenantId: string, method: string, path: string, body: unknown): Promise<Buffer> {
    const asked = `${method} ${path}\n${canonicalize(body ?? null) ?? ''}`;
    return Buffer.from(await this.#keys.blindIndex(tenantId, 'request', asked), 'base64url');
  }
}
