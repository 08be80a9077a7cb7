import { randomBytes } from 'node:crypto';

import { isTransient } from '#event-store';
import type { PlatformKeys } from '#keys';
import type { DeniedNetworks } from '#platform/http';
import { ProblemError } from '#platform/http';
import type { Logger } from '#platform/logging';
import { holdsCardNumber, scrubCardNumbers } from '#platform/logging';
import type { ProcessorEventHead } from '#processor';
import { readEnvelope, verifySignature } from '#processor/stripe/events';

import type { Inbox, Stored } from '../inbox/index.js';
import type { IngestMetrics } from '../metrics.js';
import type { EndpointSecrets } from '../secrets/endpoint-secrets.js';
import { accountAt } from './account-at.js';
import { contentHash } from './content-hash.js';
import {
  bodyInvalid,
  cardNumberRefused,
  notVerified,
  overloaded,
  secretMissing,
  storeUnavailable,
} from './refusals.js';
import { SeenSignatures } from './seen-signatures.js';
import { withoutCardNumbers } from './without-card-numbers.js';

/** A request to a webhook endpoint of Stripe. */
export interface Delivery {
  /** '' for the platform's own endpoint, `connect`, or a connected account's id. */
  account: string;
  /** `Stripe-Signature`; several where it came more than once. */
  header: string | readonly string[] | undefined;
  /** Byte for byte. */
  body: Buffer;
  /** Where it came from. */
  address: string;
}

export interface ReceptionParts {
  environment: string;
  secrets: EndpointSecrets;
  keys: PlatformKeys;
  inbox: Inbox;
  metrics: IngestMetrics;
  /** Told of every delivery that does not verify. */
  networks: Pick<DeniedNetworks, 'denied'>;
  logger: Logger;
  now?: () => Date;
}

const processor = 'stripe';
/** Verified deliveries that wait for the database at once at most, and how much their bodies may hold in all. */
const maxWaiting = 1_000;
const maxWaitingBytes = 67_108_864;
/** What is verified against where no secret is stored, so that it takes as long. Nobody knows it. */
const decoy = [randomBytes(32).toString('hex')];

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
   * Resolves once the event of a delivery is durable; true for one that was durable before, `replayed` where the very same request was. Throws ProblemError for what is not
   * verified, no event, of another account than its endpoint is for, or cannot be stored now; then nothing was written.
   */
  async receive(delivery: Delivery): Promise<{ duplicate: boolean; replayed?: true }> {
    const signature = await this.#verifiedOrDenied(delivery);
    const { metrics } = this.#parts;
    if (this.#seen.has(signature)) {
      metrics.accepted('replayed');
      return { duplicate: true, replayed: true };
    }
    const envelope = readEnvelope(delivery.body);
    if (!envelope) throw bodyInvalid();
    const head = { ...envelope.head, account: accountAt(delivery.account, envelope) };
    if (holdsCardNumber(JSON.stringify(head))) throw cardNumberRefused();
    const kept = { ...delivery, body: withoutCardNumbers(delivery.body) };
    const stored = await this.#bounded(kept, () => this.#store(head, kept));
    this.#seen.add(signature);
    metrics.accepted(stored);
    if (stored === 'conflict') {
      const { eventId, type } = head;
      this.#parts.logger.warn({ eventId, type }, 'an event came again with another content; the first one stands');
    }
    return { duplicate: stored !== 'stored' };
  }

  async #verifiedOrDenied(delivery: Delivery): Promise<string> {
    try {
      return await this.#verified(delivery);
    } catch (error) {
      if (error instanceof ProblemError) this.#parts.networks.denied(delivery.address);
      throw error;
    }
  }

  /** The signature that matched. */
  async #verified({ account, header, body, address }: Delivery): Promise<string> {
    const { secrets, networks, logger } = this.#parts;
    const now = this.#now();
    const verify = (valid: readonly string[]) => verifySignature({ header: soleOf(header), body, secrets: valid, now });
    const known = await secrets.of(account, now);
    const verification = verify(known.length > 0 ? known : decoy);
    if (verification.ok) return verification.signature;
    // It may be signed with a secret that was stored a moment ago.
    const isForeign = verification.code === 'webhook_signature_invalid';
    const newer = isForeign ? await secrets.newer(account, known, now) : undefined;
    const again = newer && verify(newer);
    if (again?.ok) return again.signature;
    // Or with one that cannot be opened just now: the endpoint's deliveries come again, and no other endpoint's are refused.
    const trouble = isForeign ? secrets.troubleOf(account, now) : undefined;
    if (trouble) throw trouble;
    // Which accounts those are is nobody's business: no other account answers in another way meanwhile.
    const othersTrouble = isForeign && isAccount(account) ? await secrets.troubleOfAny(isAccount, now) : undefined;
    if (othersTrouble) {
      networks.denied(address);
      throw othersTrouble;
    }
    if (!newer && known.length === 0) {
      // Which accounts are connected here is nobody's business: one without a secret answers as any that does not verify.
      if (!isAccount(account)) throw secretMissing();
      logger.warn({ account }, 'no secret of this endpoint is stored: billing secrets set');
    }
    throw notVerified((again ?? verification).code);
  }

  async #store(head: ProcessorEventHead, { header, body }: Delivery): Promise<Stored> {
    const { environment, inbox, keys } = this.#parts;
    const { eventId, account, type, apiVersion, livemode } = head;
    const signature = scrubCardNumbers(String(soleOf(header)));
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

/** Of one connected account, whereas everybody knows that there are '' and `connect`. */
const isAccount = (account: string): boolean => account.startsWith('acct_');

/** Node hands a header that came once as a list of one. */
const soleOf = (header: Delivery['header']): string | readonly string[] | undefined =>
  typeof header === 'object' && header.length === 1 ? header[0] : header;
