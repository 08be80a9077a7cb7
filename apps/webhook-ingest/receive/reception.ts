import { isTransient } from '#event-store';
import type { PlatformKeys } from '#keys';
import type { Logger } from '#platform/logging';
import type { ProcessorEventHead } from '#processor';
import { readEnvelope, verifySignature } from '#processor/stripe/events';

import type { Inbox, Stored } from '../inbox/index.js';
import type { IngestMetrics } from '../metrics.js';
import type { EndpointSecrets } from '../secrets/endpoint-secrets.js';
import { accountAt } from './account-at.js';
import { contentHash } from './content-hash.js';
import { bodyInvalid, notVerified, overloaded, secretMissing, storeUnavailable } from './refusals.js';
import { SeenSignatures } from './seen-signatures.js';

/** A request to a webhook endpoint of Stripe. */
export interface Delivery {
  /** '' for the platform's own endpoint, `connect`, or a connected account's id. */
  account: string;
  /** `Stripe-Signature`; several where it came more than once. */
  header: string | readonly string[] | undefined;
  /** Byte for byte. */
  body: Buffer;
}

export interface ReceptionParts {
  environment: string;
  secrets: EndpointSecrets;
  keys: PlatformKeys;
  inbox: Inbox;
  metrics: IngestMetrics;
  logger: Logger;
  now?: () => Date;
}

const processor = 'stripe';
/** Verified deliveries that wait for the database at once at most, and how much their bodies may hold in all. */
const maxWaiting = 1_000;
const maxWaitingBytes = 67_108_864;

/** The first half of a webhook: a delivery that verifies becomes a sealed row, and nothing else happens. */
export class Reception {
  readonly #parts: ReceptionParts;
  readonly #now: () => Date;
  readonly #seen = new SeenSignatures();
  #waiting = 0;
  #waitingBytes = 0;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => new Date());
  }

  /**
   * Resolves once the event of a delivery is durable; true for one that was durable before. Throws ProblemError for what is not
   * verified, no event, of another account than its endpoint is for, or cannot be stored now; then nothing was written.
   */
  async receive(delivery: Delivery): Promise<{ duplicate: boolean }> {
    const signature = await this.#verified(delivery);
    const { metrics } = this.#parts;
    if (this.#seen.has(signature)) {
      metrics.accepted('replayed');
      return { duplicate: true };
    }
    const envelope = readEnvelope(delivery.body);
    if (!envelope) throw bodyInvalid();
    const head = { ...envelope.head, account: accountAt(delivery.account, envelope) };
    const stored = await this.#bounded(delivery, () => this.#store(head, delivery));
    this.#seen.add(signature);
    metrics.accepted(stored);
    if (stored === 'conflict') {
      const { eventId, type } = head;
      this.#parts.logger.warn({ eventId, type }, 'an event came again with another content; the first one stands');
    }
    return { duplicate: stored !== 'stored' };
  }

  /** The signature that matched. */
  async #verified({ account, header, body }: Delivery): Promise<string> {
    const { secrets } = this.#parts;
    const now = this.#now();
    const verify = (valid: readonly string[]) => verifySignature({ header: soleOf(header), body, secrets: valid, now });
    const known = await secrets.of(account, now);
    const verification = verify(known);
    if (verification.ok) return verification.signature;
    // It may be signed with a secret that was stored a moment ago.
    const isForeign = verification.code === 'webhook_signature_invalid';
    const newer = isForeign ? await secrets.newer(account, known, now) : undefined;
    if (!newer && known.length === 0) throw secretMissing();
    const again = newer && verify(newer);
    if (again?.ok) return again.signature;
    throw notVerified((again ?? verification).code);
  }

  async #store(head: ProcessorEventHead, { header, body }: Delivery): Promise<Stored> {
    const { environment, inbox, keys } = this.#parts;
    const { eventId, account, type, apiVersion, livemode } = head;
    const signature = String(soleOf(header));
    try {
      return await inbox.store({
        processor,
        eventId,
        account,
        type,
        apiVersion,
        livemode,
        createdAt: new Date(head.created),
        receivedAt: this.#now(),
        sealed: await keys.sealInbox({ processor, eventId }, { body, signature }),
        bodyHash: contentHash(body),
        // The live endpoint of a Connect platform gets test events too.
        ...(livemode !== (environment === 'production') && { ignored: 'livemode_mismatch' }),
      });
    } catch (error) {
      if (!isTransient(error)) throw error;
      this.#parts.logger.warn({ error: (error as Error).message }, 'an event could not be stored');
      throw storeUnavailable();
    }
  }

  async #bounded<T>({ body }: Delivery, work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= maxWaiting || this.#waitingBytes + body.length > maxWaitingBytes) throw overloaded();
    this.#waiting += 1;
    this.#waitingBytes += body.length;
    try {
      return await work();
    } finally {
      this.#waiting -= 1;
      this.#waitingBytes -= body.length;
    }
  }
}

/** Node hands a header that came once as a list of one. */
const soleOf = (header: Delivery['header']): string | readonly string[] | undefined =>
  typeof header === 'object' && header.length === 1 ? header[0] : header;
