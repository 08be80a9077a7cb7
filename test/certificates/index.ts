import type { CertificateRequest } from '../../libs/platform/tls/issue.js';
import { issueCertificate } from '../../libs/platform/tls/issue.js';

const dayMs = 86_400_000;

/** A server's certificate and its key, in PEM. */
export interface ServerCertificate {
  cert: string;
  key: string;
}

export interface Issue {
  /** DNS names that it is good for. */
  names?: readonly string[];
  /** IP addresses that it is good for. */
  addresses?: readonly string[];
  /** When it ends. Default: in a day. It began two days before. */
  notAfter?: Date;
}

/** An authority of this test alone. */
export interface Authority {
  /** Its own certificate, in PEM. */
  ca: string;
  issue(wanted: Issue): Promise<ServerCertificate>;
}

/** Makes an authority with a key on P-256. */
export const makeAuthority = async (): Promise<Authority> => {
  const root = await issueCertificate({ commonName: 'authority for tests', authority: true, ...validity() });
  return {
    ca: root.certificatePem,
    issue: async ({ names = [], addresses = [], notAfter }) => {
      const { certificatePem, keyPem } = await issueCertificate(
        {
          commonName: 'server for tests',
          usages: ['serverAuth'],
          names: [
            ...names.map((value) => ({ type: 'dns' as const, value })),
            ...addresses.map((value) => ({ type: 'ip' as const, value })),
          ],
          ...validity(notAfter),
        },
        root,
      );
      return { cert: certificatePem, key: keyPem };
    },
  };
};

/** TLS as the server at the other end of one of our clients may offer it. */
export interface Offer {
  certificate: Issue;
  /** Default: the authority that the client trusts. */
  by?: Authority;
  maxVersion?: 'TLSv1.2';
}

/** What a client that calls `localhost` takes. */
export const goodOffer: Offer = { certificate: { names: ['localhost'] } };

/** What it must not take: who offers it, the offer, and what the client says of it. */
export const badOffers: readonly (readonly [who: string, offer: () => Promise<Offer>, reason: RegExp])[] = [
  ['speaks TLS 1.2 and no more', () => Promise.resolve({ ...goodOffer, maxVersion: 'TLSv1.2' }), /protocol version/],
  ['has a certificate of another authority', async () => ({ ...goodOffer, by: await makeAuthority() }), /certificate/],
  [
    'has a certificate of another name',
    () => Promise.resolve({ certificate: { names: ['elsewhere.example'] } }),
    /altnames/,
  ],
  [
    'has one that has expired',
    () => Promise.resolve({ certificate: { ...goodOffer.certificate, notAfter: new Date(Date.now() - 60_000) } }),
    /expired/,
  ],
];

const validity = (notAfter = new Date(Date.now() + dayMs)): Pick<CertificateRequest, 'notBefore' | 'notAfter'> => ({
  notBefore: new Date(Date.now() - 2 * dayMs),
  notAfter,
});
