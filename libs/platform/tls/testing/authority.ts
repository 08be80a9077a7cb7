import type { CertificateRequest, Issued } from '../issue.js';
import { issueCertificate } from '../issue.js';

export type { Issued };

const hour = 3_600_000;

/** A SPIFFE id of the specs. */
export const idOf = (service: string): string => `spiffe://billing.test/${service}`;

const lifetime = (): Pick<CertificateRequest, 'notBefore' | 'notAfter'> => ({
  notBefore: new Date(Date.now() - hour),
  notAfter: new Date(Date.now() + hour),
});

export const newAuthority = (commonName = 'specs'): Promise<Issued> =>
  issueCertificate({ commonName, authority: true, ...lifetime() });

/** What a listener on loopback proves itself with. */
export const serverCertificate = (authority: Issued, more: Partial<CertificateRequest> = {}): Promise<Issued> =>
  issueCertificate(
    {
      commonName: 'api',
      usages: ['serverAuth'],
      names: [
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ],
      ...lifetime(),
      ...more,
    },
    authority,
  );

/** A service's certificate as it should be, but for what `more` says. */
export const clientCertificate = (
  authority: Issued | undefined,
  service: string,
  more: Partial<CertificateRequest> = {},
): Promise<Issued> =>
  issueCertificate(
    {
      commonName: service,
      usages: ['clientAuth', 'serverAuth'],
      names: [{ type: 'url', value: idOf(service) }],
      ...lifetime(),
      ...more,
    },
    authority,
  );

/** Client-Cert of RFC 9440. */
export const clientCertOf = ({ certificate }: Issued): string =>
  `:${Buffer.from(certificate.rawData).toString('base64')}:`;

export const thumbprintOf = async ({ certificate }: Issued): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', certificate.rawData)).toString('base64url');
