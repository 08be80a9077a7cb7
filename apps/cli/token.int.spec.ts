import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DevelopmentIssuer, TokenVerifier } from '#access';
import { developmentIssuer } from '#platform/configuration';
import { issueCertificate } from '#platform/tls';
import { decodeJwt } from 'jose';

import { runCommand } from './testing/run-command.js';
import { tokenCommand } from './token.js';

const tenant = '11111111-1111-4111-8111-111111111111';
const shop = 'spiffe://acme.example/shop';
const audience = 'billing-service';
let directory: string;
let certificate: string;
let thumbprint: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'billing-token-'));
  certificate = join(directory, 'shop.crt');
  const issued = await issueCertificate({
    ...{
      commonName: 'shop',
      names: [
        { type: 'dns', value: 'shop' },
        { type: 'url', value: shop },
      ],
    },
    ...{ notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 60_000) },
  });
  await writeFile(certificate, issued.certificatePem);
  const digest = await crypto.subtle.digest('SHA-256', issued.certificate.rawData);
  thumbprint = Buffer.from(digest).toString('base64url');
});
afterAll(() => rm(directory, { recursive: true }));

/** What the command prints and how it ends. */
const run = (...args: string[]) => runWith({}, args);
const runWith = async (environment: NodeJS.ProcessEnv, args: readonly string[]) => {
  const write = process.stdout.write.bind(process.stdout);
  let out = '';
  process.stdout.write = (text: unknown) => ((out += String(text)), true);
  try {
    const ran = await runCommand(
      tokenCommand({ BILLING_DATA_DIR: directory, BILLING_ENV: 'test', ...environment }),
      args,
    );
    return { ...ran, out: out.trim() };
  } finally {
    process.stdout.write = write;
  }
};
const verifier = async () => {
  const keyPath = join(directory, 'development-issuer.json');
  const issuer = await DevelopmentIssuer.open({ environment: 'test', keyPath, issuer: developmentIssuer, audience });
  const service = { name: 'shop', spiffeId: shop, tenants: 'all', scopes: new Set(['billing:read' as const]) } as const;
  const services = { serviceOf: (id: string) => Promise.resolve(id === shop ? service : undefined) };
  return new TokenVerifier({ issuer: developmentIssuer, audience, keys: issuer.jwks(), services });
};

describe('billing token', () => {
  it('warns whoever has set another issuer, beside the token and not in it', async () => {
    const args = ['--tenant', tenant, '--role', 'tenant_admin'];
    const ran = await runWith({ AUTH_ISSUER: 'https://id.acme.example' }, args);
    expect(ran).toMatchObject({
      out: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
      err: expect.stringContaining('AUTH_ISSUER is set') as string,
    });
    expect((await run(...args)).err).toBe('');
  });

  it('is of a person, with a second factor and fewer scopes where asked for', async () => {
    const { out } = await run('--tenant', tenant, '--role', 'tenant_admin', '--mfa', '--scope', 'billing:refund');
    expect(await (await verifier()).verify(out)).toMatchObject({
      ...{ kind: 'person', subject: 'developer', tenantId: tenant, scopes: new Set(['billing:refund']) },
      amr: ['pwd', 'otp', 'mfa'],
    });
  });

  it('is of a service, good with its certificate alone', async () => {
    const { out } = await run('--service', shop, '--certificate', certificate);
    const peer = { spiffeId: shop, thumbprint };
    expect(await (await verifier()).verify(out, peer)).toMatchObject({ kind: 'service', subject: shop });
    await expect((await verifier()).verify(out)).rejects.toMatchObject({ code: 'token_certificate_required' });
  });

  it('lets a service act for a person, and is bound to its certificate where one is given', async () => {
    const person = ['--tenant', tenant, '--role', 'tenant_admin', '--act', shop];
    const [plain, bound] = [await run(...person), await run(...person, '--certificate', certificate)];
    expect(decodeJwt(plain.out)).toMatchObject({ act: { sub: shop } });
    expect(decodeJwt(plain.out).cnf).toBeUndefined();
    expect(decodeJwt(bound.out)).toMatchObject({ act: { sub: shop }, cnf: { 'x5t#S256': thumbprint } });
    const peer = { spiffeId: shop, thumbprint };
    expect(await (await verifier()).verify(bound.out, peer)).toMatchObject({ subject: 'developer', actingParty: shop });
  });

  it('says in one line what was asked for wrongly, and ends with 64', async () => {
    const wrong: [words: RegExp, ...args: string[]][] = [
      [/--role ROLE, or --service ID/],
      [/needs --tenant/, '--role', 'tenant_admin'],
      [/needs --certificate/, '--service', shop],
      [/cannot be used with/, '--service', shop, '--role', 'auditor', '--certificate', certificate],
      [/trust-domain/, '--service', 'shop', '--certificate', certificate],
      [/is made out to spiffe:.*shop, not to/, '--service', `${shop}2`, '--certificate', certificate],
      [/cannot be read: ENOENT/, '--service', shop, '--certificate', join(directory, 'nothing')],
      [/holds no certificate/, '--service', shop, '--certificate', join(directory, 'development-issuer.json')],
    ];
    for (const [words, ...args] of wrong) {
      const { out, err, code } = await run(...args);
      expect({ args, code, out }).toEqual({ args, code: 64, out: '' });
      expect(err).toMatch(words);
    }
  });
});
