import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type pg from 'pg';

import type { EmbeddedPostgres } from '../../../apps/standalone/postgres/index.js';
import { startEmbeddedPostgres } from '../../../apps/standalone/postgres/index.js';
import type { Authority, Issue } from '../../../test/certificates/index.js';
import { makeAuthority } from '../../../test/certificates/index.js';
import { ConfigurationError } from '../configuration/index.js';
import { openPool } from './index.js';

let folder = '';
let server: EmbeddedPostgres;
let admin: pg.Pool;
let authority: Authority;
const caFile = () => join(folder, 'ca.pem');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'billing-tls-'));
  authority = await makeAuthority();
  writeFileSync(caFile(), authority.ca);
  server = await startEmbeddedPostgres({ dataDirectory: folder, log: () => undefined, fsync: false });
  admin = openPool({ url: server.adminUrl, app: 'spec', max: 1 });
}, 60_000);
afterAll(async () => {
  await admin.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

interface Offer {
  /** Its certificate; none for a server that speaks no TLS. */
  certificate?: Issue;
  by?: Authority;
  maxVersion?: 'TLSv1.2';
}

/** Has the server offer TLS like this from now on, to new connections. */
const offer = async ({ certificate, by = authority, maxVersion }: Offer): Promise<void> => {
  if (certificate) {
    const { cert, key } = await by.issue(certificate);
    const { uid, gid } = statSync(server.pgdata);
    for (const [name, pem] of [
      ['server.crt', cert],
      ['server.key', key],
    ] as const) {
      writeFileSync(join(server.pgdata, name), pem, { mode: 0o600 });
      chownSync(join(server.pgdata, name), uid, gid);
    }
  }
  await admin.query(`alter system set ssl_max_protocol_version = '${maxVersion ?? ''}'`);
  await admin.query(`alter system set ssl = ${certificate ? 'on' : 'off'}`);
  const before = await loadedAt();
  await admin.query('select pg_reload_conf()');
  while ((await loadedAt()) === before) await new Promise((resolve) => setTimeout(resolve, 10));
};

const loadedAt = async (): Promise<number> => {
  const { rows } = await admin.query<{ at: string }>('select extract(epoch from pg_conf_load_time()) as at');
  return Number(rows[0]?.at);
};

/** `TLSv1.3`, or what a pool of ours says instead. */
const connecting = async (parameters: Record<string, string>, host = 'localhost'): Promise<string> => {
  const url = new URL(server.adminUrl);
  url.hostname = host;
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const pool = openPool({ url: url.href, app: 'spec', max: 1 });
  try {
    const { rows } = await pool.query<{ version: string | null }>(
      'select version from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return rows[0]?.version ?? 'plain';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await pool.end();
  }
};

const verified = () => ({ sslmode: 'verify-full', sslrootcert: caFile() });
const good: Issue = { names: ['localhost'], addresses: ['127.0.0.1'] };

describe('a database that is reached with sslmode=verify-full', () => {
  it('is spoken to over TLS 1.3, by its name and by its address', async () => {
    await offer({ certificate: good });
    expect(await connecting(verified())).toBe('TLSv1.3');
    expect(await connecting(verified(), '127.0.0.1')).toBe('TLSv1.3');
    // However the connection string would have pg's own options replaced.
    expect(await connecting({ ...verified(), ssl: '0', uselibpqcompat: 'true' })).toBe('TLSv1.3');
  });

  it('is refused when another authority signed its certificate', async () => {
    await offer({ certificate: good, by: await makeAuthority() });
    expect(await connecting(verified())).toMatch(/unable to verify|self-signed|certificate signature failure/);
  });

  it('is refused when no authority was named, and the system knows of none', async () => {
    await offer({ certificate: good });
    for (const parameters of [{ sslmode: 'verify-full' }, { ...verified(), sslrootcert: 'system' }] as Record<
      string,
      string
    >[])
      expect(await connecting(parameters)).toMatch(/unable to (verify|get)/);
  });

  it('is refused when its certificate is of another name or another address', async () => {
    await offer({ certificate: { names: ['other.internal'], addresses: ['127.0.0.2'] } });
    for (const host of ['localhost', '127.0.0.1'])
      expect(await connecting(verified(), host)).toMatch(/does not match certificate's altnames/);
    await offer({ certificate: { names: ['localhost'] } });
    expect(await connecting(verified(), '127.0.0.1')).toMatch(/does not match certificate's altnames/);
  });

  it('is refused when its certificate has expired', async () => {
    await offer({ certificate: { ...good, notAfter: new Date(Date.now() - 60_000) } });
    expect(await connecting(verified())).toBe('certificate has expired');
  });

  it('is refused when it speaks TLS 1.2 and no more', async () => {
    await offer({ certificate: good, maxVersion: 'TLSv1.2' });
    expect(await connecting(verified())).toMatch(/protocol version/);
  });

  it('is refused when it offers no TLS', async () => {
    await offer({});
    expect(await connecting(verified())).toBe('The server does not support SSL connections');
    expect(await connecting({})).toBe('plain');
  });

  it('stops the boot where the file of the authority cannot be read', () => {
    const url = 'postgres://u:p@db.internal/billing?sslmode=verify-full&sslrootcert=/nowhere/ca.pem';
    expect(() => openPool({ url, app: 'spec', max: 1 })).toThrow(ConfigurationError);
    expect(() => openPool({ url, app: 'spec', max: 1 })).toThrow('sslrootcert must name a PEM file');
  });
});
