import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CertificateRequest, Issued } from '#platform/tls';
import { issueCertificate, readIssued } from '#platform/tls';

const trustDomain = 'billing.local';
const dayMs = 86_400_000;
/** Clocks of one machine and its containers differ by less. */
const skewMs = 5 * 60_000;

/** Of a service of the trial. */
export const spiffeIdOf = (service: string): string => `spiffe://${trustDomain}/${service}`;

export interface DevelopmentCertificates {
  until: Date;
  /** Whether the authority is one that nobody believes yet. */
  isNew: boolean;
}

/**
 * Makes `ca.pem`, `api.pem` and a `NAME.pem` for each service in `directory`, their keys beside them (mode 0600), the list `allow` with
 * those services added, and an empty list `deny`. Keeps an authority that is there and has longer to live than what it is to issue.
 */
export const makeDevelopmentCertificates = async (
  directory: string,
  services: readonly string[],
  days: number,
): Promise<DevelopmentCertificates> => {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const until = new Date(Date.now() + days * dayMs);
  const lifetime = { notBefore: new Date(Date.now() - skewMs), notAfter: until };
  const found = await existingAuthority(directory, until);
  const authority = found ?? (await newAuthority(directory, days));
  const issue = async (name: string, request: Pick<CertificateRequest, 'names' | 'usages'>, chain = '') => {
    const issued = await issueCertificate({ commonName: name, ...request, ...lifetime }, authority);
    await write(directory, `${name}.key`, issued.keyPem);
    await write(directory, `${name}.pem`, issued.certificatePem + chain);
  };
  const api: CertificateRequest['names'] = [
    { type: 'url', value: spiffeIdOf('api') },
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ];
  await issue('api', { names: api, usages: ['serverAuth'] }, authority.certificatePem);
  for (const service of services)
    await issue(service, {
      names: [{ type: 'url', value: spiffeIdOf(service) }],
      usages: ['clientAuth', 'serverAuth'],
    });
  await addTo(directory, 'allow', services.map(spiffeIdOf));
  await addTo(directory, 'deny', []);
  return { until, isNew: found === undefined };
};

const newAuthority = async (directory: string, days: number): Promise<Issued> => {
  const notAfter = new Date(Date.now() + Math.max(90, 2 * days) * dayMs);
  const notBefore = new Date(Date.now() - skewMs);
  const commonName = 'billing-service, for trials';
  const authority = await issueCertificate({ commonName, authority: true, notBefore, notAfter });
  await write(directory, 'ca.key', authority.keyPem);
  await write(directory, 'ca.pem', authority.certificatePem);
  return authority;
};

const existingAuthority = async (directory: string, until: Date): Promise<Issued | undefined> => {
  const [certificatePem, keyPem] = await Promise.all(['ca.pem', 'ca.key'].map((name) => textOf(directory, name)));
  if (certificatePem === undefined || keyPem === undefined) return undefined;
  const authority = await readIssued(certificatePem, keyPem);
  return authority.certificate.notAfter > until ? authority : undefined;
};

const textOf = (directory: string, name: string): Promise<string | undefined> =>
  readFile(join(directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });

/** At once: an api that runs follows these files. */
const write = async (directory: string, name: string, content: string): Promise<void> => {
  const file = join(directory, name);
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
};

const addTo = async (directory: string, name: string, entries: readonly string[]): Promise<void> => {
  const found = (await textOf(directory, name)) ?? '# SPIFFE ids, one a line\n';
  const before = found.endsWith('\n') ? found : `${found}\n`; // as whoever wrote it by hand may have left it
  const lines = new Set(before.split('\n'));
  const added = entries.filter((entry) => !lines.has(entry)).map((entry) => `${entry}\n`);
  await write(directory, name, before + added.join(''));
};
