import type { X509Certificate } from 'node:crypto';

import type { ClientSettings } from '../configuration/index.js';
import { ConfigurationError } from '../configuration/index.js';
import { issuedUntil } from './certificate-path.js';
import type { ClientIdentity } from './client-identity.js';
import type { Authorities } from './client-lists.js';
import { allowListOf, authoritiesOf, denyListOf, losesAuthority, losesEntry } from './client-lists.js';
import type { Followed } from './followed-file.js';
import { FollowedFiles } from './followed-file.js';
import type { RefusalReason } from './refusal.js';

/** Which client certificates are good now: their authorities, the list of those who are let in, and of those who are not whatever else. */
export class ClientPolicy {
  readonly #authorities: FollowedFiles<Authorities>;
  readonly #allow: FollowedFiles<ReadonlySet<string>> | { readonly value: ReadonlySet<string> };
  readonly #deny: FollowedFiles<ReadonlySet<string>> | undefined;
  /** Until when these authorities vouch for identities. */
  #issued = { by: [] as readonly X509Certificate[], until: new WeakMap<ClientIdentity, number>() };

  /** Throws ConfigurationError for a file that cannot be used, and for a list of nobody. */
  constructor(
    { caFile, allow, denyFile }: ClientSettings,
    /** They are let in to speak for others. */
    private readonly proxies: ReadonlySet<string>,
  ) {
    this.#authorities = new FollowedFiles('TLS_CLIENT_CA', [caFile], authoritiesOf, { loses: losesAuthority });
    this.#allow =
      'file' in allow
        ? new FollowedFiles('TLS_CLIENT_ALLOW', [allow.file], allowListOf, { loses: losesEntry })
        : { value: new Set(allow.ids) };
    if (this.#allow.value.size === 0 && proxies.size === 0)
      throw new ConfigurationError('TLS_CLIENT_ALLOW names nobody: nobody would be let in');
    this.#deny =
      denyFile === undefined
        ? undefined
        : new FollowedFiles('TLS_CLIENT_DENY', [denyFile], denyListOf, { loses: losesEntry });
  }

  /** The authorities, PEM. */
  get ca(): string {
    return this.#authorities.value.pem;
  }

  /** What is to be looked at for changes. */
  get followed(): readonly Followed[] {
    const files = [this.#authorities, this.#allow, this.#deny];
    return files.filter((file) => file instanceof FollowedFiles);
  }

  isProxy({ peer }: ClientIdentity): boolean {
    return this.proxies.has(peer.spiffeId);
  }

  /** Why the holder of a certificate is refused at this moment; undefined: they are not. */
  refusal(identity: ClientIdentity, now: number): RefusalReason | undefined {
    const { peer, fingerprint, notBefore, notAfter } = identity;
    // First: what is refused for another reason is somebody whom we know.
    if (!this.#isIssued(identity, now)) return 'untrusted';
    if (now >= notAfter) return 'expired';
    if (now < notBefore) return 'not_yet_valid';
    if (this.#deny?.value.has(peer.spiffeId) || this.#deny?.value.has(fingerprint)) return 'denied';
    return this.#allow.value.has(peer.spiffeId) || this.isProxy(identity) ? undefined : 'not_allowed';
  }

  #isIssued(identity: ClientIdentity, now: number): boolean {
    const { certificates } = this.#authorities.value;
    if (this.#issued.by !== certificates) this.#issued = { by: certificates, until: new WeakMap() };
    const { until } = this.#issued;
    if (now < (until.get(identity) ?? 0)) return true;
    const found = issuedUntil(identity.chain, certificates, now);
    if (found !== undefined) until.set(identity, found);
    return found !== undefined;
  }
}
