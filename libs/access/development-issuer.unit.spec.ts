import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { actions } from './actions.js';
import { authorize } from './authorize.js';
import { DevelopmentIssuer } from './development-issuer.js';
import { TokenVerifier } from './token-verifier.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const names = { issuer: 'http://127.0.0.1:3000', audience: 'billing' };
let directory: string;
let keyPath: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'issuer-'));
  keyPath = join(directory, 'issuer-key.json');
});
afterEach(() => rm(directory, { recursive: true }));

const open = (environment: 'development' | 'production' = 'development') =>
  DevelopmentIssuer.open({ environment, keyPath, ...names });

describe('the development issuer', () => {
  it('issues tokens that its JWKS verifies, after a restart too', async () => {
    const token = await (await open()).issue({ role: 'tenant_admin', tenantId, subject: 'ada' });
    const verifier = new TokenVerifier({ ...names, keys: (await open()).jwks() });
    expect(await verifier.verify(token)).toMatchObject({ subject: 'ada', tenantId, roles: ['tenant_admin'] });
    const { iat = 0, exp = 0 } = decodeJwt(token);
    expect(exp - iat).toBe(3_600);
  });

  it('gives a second factor only when asked', async () => {
    const issuer = await open();
    const verifier = new TokenVerifier({ ...names, keys: issuer.jwks() });
    const plain = await verifier.verify(await issuer.issue({ role: 'tenant_admin', tenantId }));
    const stepped = await verifier.verify(await issuer.issue({ role: 'tenant_admin', tenantId, mfa: true }));
    expect(() => authorize(plain, actions['refunds.create'])).toThrow('second factor');
    expect(() => authorize(stepped, actions['refunds.create'])).not.toThrow();
  });

  it('publishes no private key, and keeps it readable by its owner alone', async () => {
    const issuer = await open();
    const { d } = JSON.parse(await readFile(keyPath, 'utf8')) as { d: string };
    expect(JSON.stringify(issuer.jwks())).not.toContain(d);
    expect(Object.keys(issuer.jwks().keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect((await stat(keyPath)).mode & 0o777).toBe(0o600);
  });

  it('has one key, though ten processes open it at once', async () => {
    const issuers = await Promise.all(Array.from({ length: 10 }, () => open()));
    expect(new Set(issuers.map((issuer) => issuer.jwks().keys[0]?.kid)).size).toBe(1);
    expect(await readdir(directory)).toEqual(['issuer-key.json']);
  });

  it('refuses production, and writes nothing', async () => {
    await expect(open('production')).rejects.toThrow('production needs a real issuer');
    expect(await readdir(directory)).toEqual([]);
  });

  it('refuses a tenant_admin without a tenant', async () => {
    await expect((await open()).issue({ role: 'tenant_admin' })).rejects.toThrow('needs a tenant');
  });

  it.each(['', '{}', 'null', '{"kty":"EC"'])('refuses a key file that says %j', async (text) => {
    await writeFile(keyPath, text, { mode: 0o600 });
    await expect(open()).rejects.toThrow('is not a key of the development issuer');
  });
});
