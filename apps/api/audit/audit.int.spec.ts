import type { LogFiles, NoteSigner } from '#audit';
import {
  checkpointPath,
  entryOf,
  formatEntry,
  formatVerifierKey,
  keyReceiptPath,
  parseBundle,
  parseCheckpoint,
  parseEntry,
  parseNote,
  parseOpening,
  parseTlogProof,
  parseVerifierKey,
  signNote,
  tilePath,
  verifyKeyHistory,
  verifyLog,
  verifyReceipt,
  vkeyPath,
  widthIn,
} from '#audit';
import type { LeafRun } from '#audit-log';
import { LeafRuns, eventBytes, tenantEvent } from '#audit-log';
import { randomUUID } from 'node:crypto';
import { rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { KeyLog } from '../../../libs/audit/testing/key-log.js';
import { signerOf } from '../../../libs/audit/testing/keys.js';
import { changeLog } from '../../../test/database/change-log.js';
import { expectProblem } from '../testing/expect-problem.js';
import type { Payer } from '../testing/payer.js';
import { createPayer } from '../testing/payer.js';
import type { Reply } from '../testing/call.js';
import type { RunningApi, TestTenant } from '../testing/running-api.js';
import { startApi, tenantAt } from '../testing/running-api.js';
import { SealedLog, testOrigin } from '../testing/sealed-log.js';

const at = '2026-11-02T10:00:00.000Z';

let api: RunningApi;
let log: SealedLog;
let tenant: TestTenant;
let other: TestTenant;
let payer: Payer;
let paymentId: string;

/** A payment that was charged, captured and refunded in part. */
const story = async (): Promise<string> => {
  const terms = { amount: 5_000, currency: 'usd', captureMethod: 'manual', ...payer };
  const id = (await tenant.post('/v1/payments', terms)).json.id as string;
  await api.processor.charges(tenant.id, id);
  await tenant.post(`/v1/payments/${id}/capture`, {});
  const [asked] = (await api.processor.eventsOf(tenant.id, `payment-${id}`)).slice(-1);
  const { captureId } = asked?.event as unknown as { captureId: string };
  const capture = { attempt: 1, captureId, processorPaymentId: `pi_${id}`, amount: 5_000, final: true, at } as const;
  await api.processor.report(tenant.id, id, { type: 'RecordCapture', ...capture });
  const refundId = (await tenant.post(`/v1/payments/${id}/refunds`, { amount: 2_000 })).json.id as string;
  const outcome = { refundId, processorRefundId: 're_1', amount: 2_000, outcome: 'succeeded', at } as const;
  await api.processor.report(tenant.id, id, { type: 'RecordRefundOutcome', ...outcome });
  return id;
};

interface Line {
  eventId: string;
  type: string;
  tenantId: string;
  position: string;
  streamId: string;
}

const eventsOf = async (who: TestTenant): Promise<Line[]> =>
  (await who.get('/v1/events?limit=1000')).text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

const anEventOf = async (who: TestTenant): Promise<Line> => (await eventsOf(who)).at(-1) as Line;
const proofOf = (who: TestTenant, eventId: string, headers = { prefer: 'wait=0' }): Promise<Reply> =>
  who.get(`/v1/audit/events/${eventId}/proof`, headers);
const addCustomer = (who: TestTenant) => who.post('/v1/customers', { email: `${randomUUID()}@example.com` });
const trust = () => ({ log: { origin: testOrigin, keys: [parseVerifierKey(log.vkey)] } });
const bytesAt = async (path: string): Promise<Buffer> =>
  Buffer.from(await (await fetch(`${api.url}/v1/audit/${path}`)).arrayBuffer());

/** Seals what there is, and waits until the api serves the checkpoint of it: one is kept for a moment. */
const sealAll = async () => {
  const runs = await log.seal();
  await serves(Buffer.from((await log.store.read('checkpoint')) ?? []).toString());
  return runs;
};
const serves = async (checkpoint: string): Promise<void> => {
  const deadline = Date.now() + 5_000;
  while ((await bytesAt('checkpoint')).toString() !== checkpoint) {
    if (Date.now() > deadline) throw new Error('the checkpoint is not served');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

beforeAll(async () => {
  api = await startApi();
  log = await SealedLog.of(api);
  [tenant, other] = await Promise.all([api.tenant(), api.tenant()]);
  payer = await createPayer(api, tenant);
  paymentId = await story();
  await addCustomer(other);
  await log.seal();
});
afterAll(() => api.close());

describe('a receipt', () => {
  it('shows offline, with nothing but the vkey, that the event of the tenant is in the log', async () => {
    for (const { eventId, type, position } of await eventsOf(tenant)) {
      const reply = await proofOf(tenant, eventId);
      expect([type, reply.status, reply.headers.get('content-type')]).toEqual([type, 200, 'text/plain; charset=utf-8']);
      const { index, entry, event, checkpoint } = verifyReceipt(reply.text, trust());
      expect(JSON.parse(Buffer.from(event).toString())).toMatchObject({ v: 1, eventId, type, tenantId: tenant.id });
      expect(`${entry.shard}:${entry.position}`).toBe(position);
      expect([reply.headers.get('billing-leaf'), index < checkpoint.size]).toEqual([String(index), true]);
    }
  });

  it("of another tenant's event does not exist; an auditor reads it in that tenant's name, and in no other's", async () => {
    const { eventId } = await anEventOf(tenant);
    expectProblem(await proofOf(other, eventId), 404, 'event_not_found', 'id');
    expectProblem(await proofOf(tenant, randomUUID()), 404, 'event_not_found', 'id');
    expectProblem(await proofOf(tenant, 'x'), 404, 'event_not_found', 'id');
    const auditor = tenantAt(api.url, '', await api.tokenFor({ role: 'auditor' }));
    const as = (id: string) =>
      proofOf(auditor, eventId, { prefer: 'wait=0', 'billing-tenant': id } as { prefer: string });
    expect((await as(tenant.id)).status).toBe(200);
    expectProblem(await as(other.id), 404, 'event_not_found', 'id');
  });

  it('waits for a checkpoint that covers the event, and says so where none comes', async () => {
    await addCustomer(tenant);
    const { eventId } = await anEventOf(tenant);
    const early = await proofOf(tenant, eventId);
    expectProblem(early, 409, 'not_yet_anchored', 'id');
    expect(early.headers.get('retry-after')).toBe('1');
    expectProblem(await proofOf(tenant, eventId, { prefer: 'wait=x' }), 400, 'invalid_prefer', 'Prefer');
    const waiting = Promise.all([1, 2].map(() => proofOf(tenant, eventId, { prefer: 'wait=20' })));
    await log.seal({ publish: false }); // sealing runs ahead of signing
    expectProblem(await proofOf(tenant, eventId), 409, 'not_yet_anchored', 'id');
    await log.publish();
    for (const reply of await waiting) expect(verifyReceipt(reply.text, trust()).checkpoint.origin).toBe(testOrigin);
  });
});

describe('the history of a payment', () => {
  interface Change {
    eventId: string;
    type: string;
    version: number;
    status: string;
    data: { type: string };
    proof: { index: number; receipt: string } | null;
  }
  const history = async (query = '') => {
    const { json } = await tenant.get(`/v1/payments/${paymentId}/history${query}`);
    return json as unknown as { data: Change[]; nextCursor: string | null };
  };

  it('shows each state of a payment that was charged, captured and refunded, with a proof that holds', async () => {
    const { data, nextCursor } = await history();
    expect(data.map(({ type, status }) => [type, status])).toEqual([
      ['PaymentCreated', 'requires_payment_method'],
      ['PaymentRequested', 'processing'],
      ['PaymentAuthorized', 'authorized'],
      ['CaptureRequested', 'authorized'],
      ['PaymentCaptured', 'succeeded'],
      ['RefundRequested', 'succeeded'],
      ['RefundSucceeded', 'partially_refunded'],
    ]);
    expect(nextCursor).toBeNull();
    for (const { eventId, type, version, proof, data: event } of data) {
      const shown = verifyReceipt(proof?.receipt ?? '', trust());
      expect(JSON.parse(Buffer.from(shown.event).toString())).toMatchObject({ eventId, type, version });
      expect([event.type, proof?.index]).toEqual([type, shown.index]);
    }
  });

  it('comes in pages, and says of what is not anchored yet that it has no proof', async () => {
    const whole = (await history()).data;
    const first = await history('?limit=4');
    const rest = await history(`?limit=4&cursor=${first.nextCursor}`);
    expect([...first.data, ...rest.data]).toEqual(whole);
    expect(rest.nextCursor).toBeNull();
    const path = `/v1/payments/${paymentId}`;
    expectProblem(await tenant.get(`${path}/history?cursor=x`), 400, 'invalid_cursor', 'cursor');
    expectProblem(await other.get(`${path}/history`), 404, 'payment_not_found', 'id');
    await tenant.post(`${path}/refunds`, { amount: 100 });
    const { data } = await history();
    expect([data.length, data.at(-1)?.proof]).toEqual([8, null]);
  });

  it('waits for a checkpoint that covers the newest change, as it is told, and answers without it where none comes', async () => {
    await tenant.post(`/v1/payments/${paymentId}/refunds`, { amount: 100 });
    const path = `/v1/payments/${paymentId}/history`;
    const newestProof = ({ json }: Reply) => (json as unknown as { data: Change[] }).data.at(-1)?.proof ?? null;
    const begun = Date.now();
    expect(newestProof(await tenant.get(path, { prefer: 'wait=1' }))).toBeNull();
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1_000);
    expectProblem(await tenant.get(path, { prefer: 'wait=x' }), 400, 'invalid_prefer', 'Prefer');
    const waiting = tenant.get(path, { prefer: 'wait=30' });
    await log.seal();
    expect(verifyReceipt(newestProof(await waiting)?.receipt ?? '', trust())).toMatchObject({
      index: expect.any(Number) as number,
    });
  });
});

describe('the published files', () => {
  const overHttp: LogFiles = {
    read: async (path) => {
      const response = await fetch(`${api.url}/v1/audit/${path}`);
      return response.status === 404 ? undefined : new Uint8Array(await response.arrayBuffer());
    },
  };

  it('are a whole log to a verifier that is given the address alone', async () => {
    await sealAll();
    const sealed = [...log.ends].filter(([, position]) => position > 0);
    expect((await verifyLog(overHttp, { trust: trust() })).shards).toEqual(new Map(sealed));
    expect((await bytesAt('vkey')).toString()).toBe(`${log.vkey}\n`);
  });

  it('may be kept for good, but for the checkpoint, which is asked about each time', async () => {
    const tile = (await log.store.list('tile/0/', { limit: 100 })).at(-1) ?? '';
    const kept = await fetch(`${api.url}/v1/audit/${tile}`);
    expect(kept.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(kept.headers.get('content-type')).toBe('application/octet-stream');
    expect(Buffer.from(await kept.arrayBuffer())).toEqual(await log.store.read(tile));
    const checkpoint = await fetch(`${api.url}/v1/audit/checkpoint`);
    expect(checkpoint.headers.get('cache-control')).toBe('public, no-cache');
    expect(checkpoint.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const ask = (etag: string) => fetch(`${api.url}/v1/audit/checkpoint`, { headers: { 'if-none-match': etag } });
    const etag = checkpoint.headers.get('etag') ?? '';
    expect([(await ask(etag)).status, (await ask('"x"')).status]).toEqual([304, 200]);
  });

  it('have the history of the keys, which leads from a key that was pinned to the newest', async () => {
    const history = new KeyLog(testOrigin);
    const [first, second] = [1, 2].map((seed) => signerOf(testOrigin, seed)) as [NoteSigner, NoteSigner];
    const leaves = [first, second].map((signer) => history.change('AuditKeyIntroduced', signer));
    expect(await (await fetch(`${api.url}/v1/audit/keys`)).json()).toEqual({ data: [] });
    for (const [at, leaf] of leaves.entries())
      await log.store.create(
        keyReceiptPath(at + 1),
        Buffer.from(await history.receipt(leaf, at === 0 ? [first] : [second, first])),
      );
    const { data } = JSON.parse((await bytesAt('keys')).toString()) as { data: { vkey: string; receipt: string }[] };
    const vkeys = [first, second].map(({ key }) => formatVerifierKey(key));
    expect(data.map(({ vkey }) => vkey)).toEqual(vkeys);
    const files = await Promise.all(['keys/001', 'keys/002'].map(bytesAt));
    expect(files.map(String)).toEqual(data.map(({ receipt }) => receipt));
    expect(verifyKeyHistory([first.key], files).map(formatVerifierKey)).toEqual(vkeys.toReversed());
    expect((await fetch(`${api.url}/v1/audit/keys/003`)).status).toBe(404);
  });

  it('are found under their own paths alone, and only as far as the published checkpoint goes', async () => {
    const tile = (await log.store.list('tile/0/', { limit: 100 })).at(-1) ?? '';
    const width = Number(tile.split('/').at(-1));
    const before = await bytesAt(tile);
    await addCustomer(tenant);
    const [ahead] = (await log.seal({ publish: false })).slice(-1);
    expect(ahead).toBeDefined();
    const beyond = tile.replace(/\d+$/, String(width + 1));
    expect(await log.store.read(beyond)).toHaveLength((width + 1) * 32);
    const wrong = [
      beyond,
      'tile/0/000',
      'tile/0/x001/000',
      'tile/0/x000/000.p/1',
      'tile/00/000.p/1',
      'tile/63/000',
      'tile/64/000',
      'tile/0/000.p/0',
      'tile/0/000.p/256',
      'tile/0/000.p/01',
      `tile/0/${'x999/'.repeat(5)}999`,
      `tile/0/${'x999/'.repeat(400)}999`,
      'tile/entries/999',
      'tile/',
      'tile/0',
      'tile/0/',
      `${tile}/`,
      `${tile}//`,
      `/${tile}`,
      `tile/../${tile}`,
      `tile/%2e%2e/${tile}`,
      `tile/..%2f${tile}`,
      tile.replace('.p', '%2ep'),
      tile.replaceAll('/', '%2f'),
      tile.toUpperCase(),
      'tile/../checkpoint',
      'tile/../../../keyring.json',
      'tile/%2e%2e/%2e%2e/%2e%2e/keyring.json',
      'tile/..%5c..%5ckeyring.json',
      'tile/interleaving/000/000/000/000/000',
      'tile/0/000.p/1%00',
      'interleaving/000/000/000/000/000',
      'keys/000',
      'keys/1',
      'keys/0001',
      'keys/../vkey',
      'keys/..%2fvkey',
      'checkpoint/',
      'vkey.txt',
    ];
    for (const path of wrong) {
      const response = await raw(`/v1/audit/${path}`);
      expect([path, response.status]).toEqual([path, 404]);
      expect(response.text).not.toContain(before.toString('latin1'));
    }
    expect(await bytesAt(`${tile}?x=1`)).toEqual(before);
    await log.publish();
  });

  /** Sends a path as it is: fetch would resolve its dots. */
  const raw = async (path: string): Promise<{ status: number; text: string }> => {
    const { request } = await import('node:http');
    const { hostname, port } = new URL(api.url);
    return new Promise((resolve, reject) => {
      request({ hostname, port, path }, (response) => {
        let text = '';
        response.setEncoding('latin1');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      })
        .on('error', reject)
        .end();
    });
  };
});

describe('openings', () => {
  const page = async (who: TestTenant, query = '') => {
    const reply = await who.get(`/v1/audit/openings${query}`);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    const lines = reply.text.split('\n').filter(Boolean);
    return {
      leaves: lines.map((line) => {
        const { index, opening } = JSON.parse(line) as { index: number; opening: unknown };
        return { index, opening: parseOpening(Buffer.from(JSON.stringify(opening))) };
      }),
      upTo: Number(reply.headers.get('billing-leaf')),
      size: Number(reply.headers.get('billing-tree-size')),
    };
  };

  it("are of all leaves of the tenant and of nobody else's, a page at a time, and each is what the public entry commits to", async () => {
    await sealAll();
    const found: Awaited<ReturnType<typeof page>>['leaves'] = [];
    let [after, pages] = ['', 0];
    for (; pages < 50; pages += 1) {
      const { leaves, upTo, size } = await page(tenant, `?limit=3${after}`);
      found.push(...leaves);
      after = `&after=${upTo}`;
      if (upTo === size - 1) break;
    }
    expect(pages).toBeGreaterThan(2);
    const told = found.map(({ opening }) => JSON.parse(Buffer.from(opening.event).toString()) as Line);
    const all = await eventsOf(tenant);
    expect(told.map(({ eventId }) => eventId)).toEqual(all.map(({ eventId }) => eventId));
    const bundle = (await log.store.list('tile/entries/', { limit: 1_000 })).at(-1) ?? '';
    const entries = parseBundle(await bytesAt(bundle), Number(bundle.split('/').at(-1)), bundle);
    for (const { index, opening } of found)
      expect(Buffer.from(entries[index] ?? [])).toEqual(Buffer.from(formatEntry(entryOf(opening))));
    expect((await page(other)).leaves).toHaveLength((await eventsOf(other)).length);
    expect((await page(tenant, '?after=999999999999999')).leaves).toEqual([]);
    expectProblem(await tenant.get('/v1/audit/openings?after=-1'), 400, 'invalid_field', 'after');
    expectProblem(await tenant.get('/v1/audit/openings?limit=1001'), 400, 'invalid_field', 'limit');
  });
});

describe('what outsiders read', () => {
  /** Everything that is published, whoever asks. */
  const published = async (): Promise<Buffer> => {
    const tiles = await log.store.list('tile/', { limit: 10_000 });
    const files = await Promise.all(['checkpoint', 'vkey', 'keys', ...tiles].map(bytesAt));
    return Buffer.concat(files);
  };

  it('reveals nothing of a tenant: no id, type, tenant or amount, and not that two tenants did the same', async () => {
    const twins = [await api.tenant(), await api.tenant()];
    const made = await Promise.all(
      twins.map(async (twin) => {
        const terms = { amount: 7_777_777, currency: 'usd', ...(await createPayer(api, twin)) };
        return (await twin.post('/v1/payments', terms)).json.id as string;
      }),
    );
    await sealAll();
    const bytes = (await published()).toString('latin1');
    const events = (await Promise.all([tenant, ...twins].map(eventsOf))).flat();
    const secrets = events.flatMap(({ eventId, tenantId, streamId, type }) => [eventId, tenantId, streamId, type]);
    for (const secret of new Set([...secrets, ...made, '7777777', 'usd', 'payment', 'gateway'])) {
      expect([secret, bytes.includes(secret)]).toEqual([secret, false]);
      const binary = Buffer.from(secret.replaceAll('-', ''), 'hex').toString('latin1');
      if (binary.length === 16) expect([secret, bytes.includes(binary)]).toEqual([secret, false]);
    }
    expect(bytes).toContain('"commitment"');
    const commitments = [...bytes.matchAll(/"commitment":"([0-9a-f]{64})","position":(\d+),"shard":(\d+)/g)];
    const places = new Set(commitments.map(([, , position, shard]) => `${shard}:${position}`));
    expect(new Set(commitments.map(([, commitment]) => commitment)).size).toBe(places.size);
  });

  it('does not even tell whoever guesses the event byte for byte: without the salt the commitment is another', async () => {
    const { eventId, position } = await anEventOf(tenant);
    const [shard = 0, place = 0] = position.split(':').map(Number);
    const event = await tenantEvent(
      api.database.pool('billing_api', { max: 1 }),
      { tenantId: tenant.id, shard },
      eventId,
    );
    if (!event) throw new Error('the event is not there');
    const { extra } = parseTlogProof((await proofOf(tenant, eventId)).text);
    const opening = parseOpening(extra ?? new Uint8Array());
    expect(Buffer.from(opening.event)).toEqual(eventBytes(event)); // the guess is right
    const [file = ''] = (await log.store.list('tile/entries/', { limit: 1_000 })).slice(-1);
    const entries = parseBundle(await bytesAt(file), Number(file.split('/').at(-1)), file).map((each) =>
      parseEntry(each),
    );
    const entry = entries.find((each) => each.shard === shard && each.position === place);
    expect(Buffer.from(entryOf(opening).commitment)).toEqual(entry?.commitment);
    const guesses = [
      Buffer.alloc(32),
      Buffer.alloc(32, 0xff),
      Buffer.from(eventId.replaceAll('-', '').repeat(2), 'hex'),
    ];
    for (const salt of guesses)
      expect(Buffer.from(entryOf({ ...opening, salt }).commitment)).not.toEqual(entry?.commitment);
  });
});

describe('a log that does not agree with the events', () => {
  /** The place of an event that is recorded and not sealed. */
  const unsealed = async () => {
    await addCustomer(other);
    const { eventId, position } = await anEventOf(other);
    const [shard, place] = position.split(':').map(Number);
    return { eventId, shard, place };
  };

  /** Has Postgres know these runs alone from leaf `first` on. */
  const knowsInstead = async (first: number, runs: readonly LeafRun[]): Promise<void> => {
    const client = await api.database.admin.connect();
    await client.query('begin; alter table billing.audit_leaf_run disable trigger append_only');
    await client.query('delete from billing.audit_leaf_run where first_index >= $1', [first]);
    await client.query('alter table billing.audit_leaf_run enable always trigger append_only; commit');
    client.release();
    await new LeafRuns(api.database.pool('billing_merkle_anchor', { max: 1 })).insert(runs);
  };

  it('hides no event behind a stolen anchor role that says first, and wrongly, how the log goes on', async () => {
    await sealAll();
    await addCustomer(tenant);
    await addCustomer(other);
    const events = await Promise.all([tenant, other].map(anEventOf));
    const runs = await sealAll();
    const first = runs[0]?.index ?? 0;
    const size = runs.reduce((sum, { count }) => sum + count, first);
    const idle = Array.from({ length: 16 }, (_, shard) => shard).find((shard) =>
      runs.every((run) => run.shard !== shard),
    );
    const planted = {
      index: first,
      shard: idle ?? 0,
      position: (log.ends.get(idle ?? 0) ?? 0) + 1,
      count: size - first,
    };
    await knowsInstead(first, [planted]);
    for (const [at, who] of [tenant, other].entries()) {
      expectProblem(await proofOf(who, events[at]?.eventId ?? ''), 503, 'audit_log_inconsistent');
      expectProblem(await who.get('/v1/audit/openings?limit=1000'), 503, 'audit_log_inconsistent');
    }
    // Nor where it does not know how the log goes on at all, once there was time to write it down.
    await knowsInstead(first, []);
    expectProblem(await tenant.get('/v1/audit/openings?limit=1000'), 503, 'audit_log_inconsistent');
    await knowsInstead(first, runs);
    expect((await proofOf(tenant, events[0]?.eventId ?? '')).status).toBe(200);
    const told = (await tenant.get('/v1/audit/openings?limit=1000')).text.split('\n').filter(Boolean);
    expect(told).toHaveLength((await eventsOf(tenant)).length);
  });

  it('is no way to a wrong receipt for a stolen anchor role that says where leaves are', async () => {
    await addCustomer(tenant);
    const runs = await sealAll();
    const { eventId, shard, place } = await unsealed();
    const anchor = api.database.pool('billing_merkle_anchor', { max: 1 });
    const insert = (index: number) =>
      anchor.query('insert into billing.audit_leaf_run values ($1, $2, $3, 1)', [index, shard, place]);
    await expect(insert(10 ** 9)).rejects.toMatchObject({ code: '23514' });
    expectProblem(await proofOf(other, eventId), 409, 'not_yet_anchored', 'id');
    // Where a leaf of another event is.
    const first = runs[0]?.index ?? 0;
    await knowsInstead(first, [{ index: first, shard: shard ?? 0, position: place ?? 0, count: 1 }]);
    const reply = await proofOf(other, eventId);
    expectProblem(reply, 503, 'audit_log_inconsistent');
    expect(reply.text).not.toContain(eventId);
    await knowsInstead(first, runs);
  });

  it('hands out no receipt for an event that was changed, and still what opens its leaf, for a verifier to see', async () => {
    const { eventId } = (await eventsOf(tenant))[0] as Line;
    expect((await proofOf(tenant, eventId)).status).toBe(200);
    const change = (to: string) =>
      changeLog(api.database.admin, `update billing.event set data = replace(data, $1, $2) where event_id = $3`, [
        ...(to === 'forged' ? ['"at"', '"forged":1,"at"'] : ['"forged":1,"at"', '"at"']),
        eventId,
      ]);
    await change('forged');
    expectProblem(await proofOf(tenant, eventId), 503, 'audit_log_inconsistent');
    const opened = (await tenant.get('/v1/audit/openings?limit=1')).text;
    expect(
      Buffer.from((JSON.parse(opened) as { opening: { event: string } }).opening.event, 'base64').toString(),
    ).toContain('forged');
    await change('back');
    expect((await proofOf(tenant, eventId)).status).toBe(200);
  });

  it('hands out receipts again once a tile that was harmed is whole again', async () => {
    await addCustomer(tenant);
    await sealAll();
    const { eventId } = await anEventOf(tenant);
    const { size } = parseCheckpoint(parseNote((await log.store.read(checkpointPath)) ?? '').text);
    const tile = tilePath({ level: 0, index: 0, width: widthIn(size, 0, 0) });
    const whole = (await log.store.read(tile)) ?? new Uint8Array();
    await log.store.replace(
      tile,
      whole.map((byte) => byte ^ 1),
    );
    expectProblem(await proofOf(tenant, eventId), 503, 'audit_log_inconsistent');
    await log.store.replace(tile, whole);
    expect((await proofOf(tenant, eventId)).status).toBe(200);
  });

  it('has no file that is larger than its kind can be: one that somebody put there is not read, nor told where it lies', async () => {
    const whole = (await log.store.read(vkeyPath)) ?? new Uint8Array();
    await log.store.replace(vkeyPath, Buffer.alloc(1_000_001));
    try {
      const reply = await tenant.get('/v1/audit/vkey');
      expectProblem(reply, 503, 'audit_log_inconsistent');
      expect(reply.text).not.toContain(api.dataDirectory);
    } finally {
      await log.store.replace(vkeyPath, whole);
    }
    expect((await tenant.get('/v1/audit/vkey')).status).toBe(200);
  });

  it('is not served while its store is away, and is again once it is back; events are told all the time', async () => {
    const folder = join(api.dataDirectory, 'audit', 'log');
    const { eventId } = (await eventsOf(tenant))[0] as Line;
    await rename(folder, `${folder}.away`);
    await symlink(folder, folder); // a store that answers with an error, not one without files
    try {
      const deadline = Date.now() + 5_000;
      while ((await tenant.get('/v1/audit/checkpoint')).status === 200 && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20)); // a checkpoint is kept for a moment
      for (const path of ['checkpoint', 'vkey', `events/${eventId}/proof`, 'openings']) {
        const reply = await tenant.get(`/v1/audit/${path}`);
        expectProblem(reply, 503, 'audit_log_unavailable');
        expect(reply.headers.get('retry-after')).toBe('5');
        expect(reply.text).not.toContain(api.dataDirectory);
      }
      expect((await tenant.get('/v1/events')).status).toBe(200);
    } finally {
      await unlink(folder);
      await rename(`${folder}.away`, folder);
    }
    expect((await tenant.get('/v1/audit/checkpoint')).status).toBe(200);
  });

  it('that somebody else signed is not believed, also where the file of the keys beside it names them', async () => {
    const { eventId } = (await eventsOf(tenant))[0] as Line;
    const [good, vkeys] = [await log.store.read(checkpointPath), await log.store.read(vkeyPath)];
    const { text } = parseNote(good ?? '');
    const thief = signerOf(testOrigin, 9);
    await log.store.replace(vkeyPath, Buffer.from(`${formatVerifierKey(thief.key)}\n`));
    for (const forged of [`${text}1`, await signNote(text, [thief])]) {
      await log.store.replace(checkpointPath, Buffer.from(forged));
      await serves(forged);
      expectProblem(await proofOf(tenant, eventId), 503, 'audit_log_inconsistent');
    }
    await log.store.replace(vkeyPath, Buffer.from(vkeys ?? []));
    await log.publish();
    await serves(Buffer.from((await log.store.read(checkpointPath)) ?? []).toString());
    expect((await proofOf(tenant, eventId)).status).toBe(200);
  });
});
