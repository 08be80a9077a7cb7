import { Keys, LocalKeyManagement, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '#keys';
import { createHmac, randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { revokeProducer } from '#access/producers';
import { TenantShards } from '#event-store';
import { describeWithKafka, testKafka } from '../../test/kafka/suite.js';
import { DeadLetters } from './desk/dead-letters.js';
import type { LetterRow, RunningWorker } from './testing/running-worker.js';
import { startWorker } from './testing/running-worker.js';
import type { Signer, Wanted } from './testing/signed-record.js';
import { bytesOf, sha256, signedRecord } from './testing/signed-record.js';

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describeWithKafka('what an attacker may try', (brokers) => {
  let worker: RunningWorker;
  let shop: Signer;
  /** Registered as well, for its own tenant. */
  let mallory: Signer;
  let tenantId: string;
  let otherTenant: string;
  beforeAll(async () => {
    worker = await startWorker(brokers);
    tenantId = await worker.database.addTenant();
    otherTenant = await worker.database.addTenant();
    shop = await worker.signer('shop', { tenants: [tenantId], scopes: ['billing:write'] });
    mallory = await worker.signer('mallory', { tenants: [otherTenant], scopes: ['billing:write'] });
  }, 60_000);
  afterAll(() => worker?.close(), 30_000);

  const email = () => ({ email: `${randomUUID()}@example.com` });
  const now = () => Math.floor(Date.now() / 1_000);
  const written = async (): Promise<number> => {
    const { rows } = await worker.database.admin.query<{ count: number }>(
      "select count(*)::int as count from billing.event where stream_id not like 'access-%'",
    );
    return rows[0]?.count ?? -1;
  };

  /** Sends a record, then a good one to the same partition: once that is answered, the first has been dealt with. */
  const dealtWith = async (wanted: Wanted, signer = shop): Promise<{ messageId: string; letters: LetterRow[] }> => {
    const { messageId, ...record } = await signedRecord(signer, wanted);
    const { messageId: after, ...good } = await signedRecord(shop, { tenantId, body: email() });
    const before = await worker.letterRows();
    await worker.producer.send({
      topic: `${worker.prefix}billing.commands.v1`,
      messages: [
        { ...record, partition: 1 },
        { ...good, partition: 1 },
      ],
    });
    const [answered] = await worker.resultsOf(after);
    expect(answered).toMatchObject({ outcome: 'accepted' }); // the partition goes on
    const letters = (await worker.letterRows()).slice(before.length);
    return { messageId, letters };
  };

  /** The record is set aside for this reason, changes nothing, and nobody is answered. */
  const setAside = async (reason: string, wanted: Wanted, signer = shop): Promise<LetterRow> => {
    const before = await written();
    const { messageId, letters } = await dealtWith(wanted, signer);
    expect(letters.map((letter) => letter.reason)).toEqual([reason]);
    expect(await written()).toBe(before + 1); // the good one's
    expect(worker.results.records.filter(({ json }) => json.messageId === messageId)).toEqual([]);
    return letters[0] as LetterRow;
  };

  /** The same, and its sender is told. */
  const rejected = async (code: string, wanted: Wanted, signer = shop): Promise<LetterRow> => {
    const before = await written();
    const { messageId, letters } = await dealtWith(wanted, signer);
    const [result] = await worker.resultsOf(messageId);
    expect(result).toMatchObject({ outcome: 'rejected', error: { code } });
    expect(letters.map((letter) => letter.reason)).toEqual([code]);
    expect(await written()).toBe(before + 1);
    return letters[0] as LetterRow;
  };

  describe('with the form of a record', () => {
    const names =
      'ce_specversion ce_id ce_source ce_type ce_schemaversion ce_tenantid ce_time content-type ce_signature';
    it.each(names.split(' '))('leaves %s out', async (name) => {
      const letter = await setAside('header_missing', { tenantId, body: email(), headers: { [name]: undefined } });
      expect(letter.detail).toContain(name);
    });

    it.each([
      ['ce_specversion', '0.3'],
      ['ce_id', 'two words'],
      ['ce_id', 'x'.repeat(256)],
      ['ce_source', 'Shop'],
      ['ce_type', "x'; drop table"],
      ['ce_schemaversion', '1e0'],
      ['ce_tenantid', 'all'],
      ['ce_time', 'yesterday'],
      ['content-type', 'text/xml'],
    ])('sends %s as "%s"', async (name, value) => {
      await setAside('header_invalid', { tenantId, body: email(), headers: { [name]: value } });
    });

    it('sends a header twice, so that readers may differ about it', async () => {
      await setAside('header_invalid', {
        tenantId,
        body: email(),
        headers: { ce_type: ['CreateCustomer', 'CreatePayment'] },
      });
    });

    it('spells the tenant in capitals, or keys the record by another', async () => {
      await setAside('header_invalid', { tenantId: tenantId.replace(/^./, 'F').toUpperCase(), body: email() });
      await setAside('key_mismatch', { tenantId, body: email(), key: otherTenant });
    });
  });

  describe('with the signature', () => {
    const mismatch = (wanted: Partial<Wanted>) =>
      setAside('signature_mismatch', { tenantId, body: email(), ...wanted });

    it('puts another body, id, type, version, subject or tenant under it', async () => {
      await mismatch({ value: bytesOf(email()) });
      await mismatch({ headers: { ce_id: randomUUID() } });
      await mismatch({ headers: { ce_type: 'CreatePayment' } });
      await mismatch({ headers: { ce_schemaversion: '2' } });
      await mismatch({ headers: { ce_subject: randomUUID() } });
      await mismatch({ headers: { ce_tenantid: otherTenant }, key: otherTenant });
      await mismatch({ headers: { ce_onbehalfof: 'a.b.c' } });
      await mismatch({ type: 'ConfirmPayment', subject: randomUUID(), headers: { ce_subject: undefined } });
    });

    it('signs as another producer, and takes the own key of that one or its own', async () => {
      await setAside(
        'producer_key_unknown',
        { tenantId, body: email(), headers: { ce_source: 'shop' }, claims: { iss: 'shop' } },
        mallory,
      );
      await setAside('signature_invalid', { tenantId, body: email() }, { ...shop, privateKey: mallory.privateKey });
      await setAside('producer_key_unknown', { tenantId, body: email() }, { ...shop, kid: 'A'.repeat(43) });
      await setAside('producer_key_unknown', { tenantId, body: email() }, { ...shop, name: 'nobody' });
    });

    it('brings the key along in the header', async () => {
      const jwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
      await setAside(
        'signature_invalid',
        { tenantId, body: email(), jose: { jwk } },
        { ...shop, privateKey: mallory.privateKey },
      );
    });

    it('says that there is none, or that the public key is a shared secret', async () => {
      const body = bytesOf(email());
      const messageId = randomUUID();
      const claims = base64url({
        ...{ iss: 'shop', jti: messageId, cmd: 'CreateCustomer', ver: 1, tenant: tenantId, bsh: sha256(body) },
        ...{ iat: now(), exp: now() + 600 },
      });
      const forged = (alg: string, sign: (input: string) => string) => {
        const input = `${base64url({ alg, kid: shop.kid, typ: 'billing-command+jwt' })}.${claims}`;
        return { tenantId, messageId, body, headers: { ce_signature: `${input}.${sign(input)}` } };
      };
      const pem = 'public key';
      await setAside(
        'signature_malformed',
        forged('none', () => ''),
      );
      await setAside(
        'signature_algorithm_not_allowed',
        forged('none', () => 'AAAA'),
      );
      await setAside(
        'signature_algorithm_not_allowed',
        forged('HS256', (input) => createHmac('sha256', pem).update(input).digest('base64url')),
      );
      await setAside(
        'signature_algorithm_not_allowed',
        forged('EdDSA', () => 'AAAA'),
      );
      await setAside('signature_malformed', { tenantId, body, headers: { ce_signature: 'not-a-token' } });
      await setAside('signature_malformed', { tenantId, body, headers: { ce_signature: 'a'.repeat(5_000) } });
    });

    it('uses a token of another kind', async () => {
      await setAside('signature_type_not_allowed', { tenantId, body: email(), jose: { typ: 'at+jwt' } });
      await setAside('signature_malformed', { tenantId, body: email(), claims: { exp: undefined } });
      await setAside('signature_malformed', { tenantId, body: email(), claims: { exp: 'never' } });
    });

    it('signs for ever, for later or for earlier', async () => {
      await rejected('signature_lifetime_too_long', { tenantId, body: email(), claims: { exp: now() + 90_000 } });
      await rejected('signature_not_yet_valid', { tenantId, body: email(), claims: { iat: now() + 60 } });
      await rejected('signature_expired', { tenantId, body: email(), claims: { iat: now() - 600, exp: now() - 60 } });
    });

    it('uses a key that was revoked seconds ago, or one of a producer that was', async () => {
      const lent = await worker.signer('lent', { tenants: [tenantId], scopes: ['billing:write'] });
      const second = await worker.signer('lent');
      expect((await worker.ask(lent, { tenantId, body: email() })).json).toMatchObject({ outcome: 'accepted' });
      await revokeProducer(worker.database.admin, 'lent', lent.kid);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await setAside('key_revoked', { tenantId, body: email() }, lent);
      expect((await worker.ask(second, { tenantId, body: email() })).json).toMatchObject({ outcome: 'accepted' });
      await revokeProducer(worker.database.admin, 'lent');
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await setAside('producer_revoked', { tenantId, body: email() }, second);
    }, 20_000);
  });

  describe('with a replay', () => {
    it('sends the same message id with another body', async () => {
      const messageId = randomUUID();
      await worker.ask(shop, { tenantId, messageId, body: email() });
      const before = await written();
      const id = await worker.send(shop, { tenantId, messageId, body: email() });
      const [, second] = await worker.resultsOf(id, 2);
      expect(second).toMatchObject({ outcome: 'rejected', error: { code: 'idempotency_key_reused', field: 'ce_id' } });
      expect(await written()).toBe(before);
      expect((await worker.letterRows()).at(-1)).toMatchObject({
        reason: 'idempotency_key_reused',
        message_id: messageId,
      });
    });

    it('plays a record again after its time, and takes nothing back from the first answer', async () => {
      const messageId = randomUUID();
      const wanted = { tenantId, messageId, body: email() };
      expect((await worker.ask(shop, wanted)).json).toMatchObject({ outcome: 'accepted' });
      const { letters } = await dealtWith({ ...wanted, claims: { iat: now() - 600, exp: now() - 60 } });
      expect(letters.map(({ reason }) => reason)).toEqual(['signature_expired']);
      expect(await worker.resultsOf(messageId)).toEqual([expect.objectContaining({ outcome: 'accepted' })]);
    });

    it("takes another producer's message id, which is another message", async () => {
      const messageId = randomUUID();
      await worker.ask(shop, { tenantId, messageId, body: email() });
      const theirs = await signedRecord(mallory, { tenantId: otherTenant, messageId, body: email() });
      await worker.publish({ key: theirs.key, value: theirs.value, headers: theirs.headers });
      const found = await worker.results.find(({ json }) => json.messageId === messageId, { count: 2 });
      expect(found.map(({ headers, json }) => [headers.ce_producer, json.outcome])).toEqual(
        expect.arrayContaining([
          ['shop', 'accepted'],
          ['mallory', 'accepted'],
        ]),
      );
      expect(new Set(found.map(({ key }) => key)).size).toBe(2);
    });
  });

  describe('with what is asked for', () => {
    it("names another tenant, one that is not there, or another tenant's payment", async () => {
      await rejected('tenant_mismatch', { tenantId, body: email() }, mallory);
      await rejected('tenant_mismatch', { tenantId: randomUUID(), body: email() }, mallory);
      const everywhere = await worker.signer('everywhere');
      await rejected('tenant_unknown', { tenantId: randomUUID(), body: email() }, everywhere);
      const customer = await worker.ask(shop, { tenantId, body: email() });
      const { id: customerId } = customer.json.resource as { id: string };
      const stolen = await worker.ask(mallory, {
        tenantId: otherTenant,
        type: 'CreatePayment',
        body: { amount: 100, currency: 'eur', customerId },
      });
      expect(stolen.json).toMatchObject({ outcome: 'rejected', error: { code: 'customer_not_found' } });
    });

    it('writes with the right to read', async () => {
      const reader = await worker.signer('reader', { tenants: [tenantId], scopes: ['billing:read'] });
      await rejected('insufficient_scope', { tenantId, body: email() }, reader);
    });

    it('forwards a person whose name no log can keep', async () => {
      for (const subject of ['ada\u0000', 'ada\ud800', '\u001b[2Jada']) {
        const onBehalfOf = await worker.issuer.issue({ role: 'tenant_admin', tenantId, mfa: true, subject });
        await rejected('token_invalid_claims', { tenantId, body: email(), onBehalfOf });
      }
    });

    it('names a type, a version or a subject that there is not', async () => {
      await rejected('unknown_command_type', { tenantId, type: 'TriggerPayout', body: {} });
      await rejected('unknown_command_type', { tenantId, type: 'constructor', body: {} });
      await rejected('unknown_command_version', {
        tenantId,
        body: email(),
        headers: { ce_schemaversion: '2' },
        claims: { ver: 2 },
      });
      await rejected('invalid_subject', { tenantId, type: 'CapturePayment', body: {} });
      await rejected('invalid_subject', { tenantId, type: 'CapturePayment', subject: '../1', body: {} });
      await rejected('invalid_subject', { tenantId, subject: randomUUID(), body: email() });
    });

    it.each([
      ['malformed_json', Buffer.from('{"email":')],
      ['malformed_json', Buffer.from([0xff, 0xfe, 0x00])],
      ['invalid_type', Buffer.from('[]')],
      ['duplicate_field', Buffer.from('{"email":"a@example.com","email":"b@example.com"}')],
      ['unknown_field', Buffer.from('{"email":"a@example.com","__proto__":{}}')],
      ['unknown_field', Buffer.from('{"email":"a@example.com","tenantId":"x"}')],
      ['unknown_field', Buffer.from('{"email":"a@example.com","\\u0000\\u001b[2J\\n":"x"}')],
      ['invalid_field', Buffer.from('{"email":"a@example.com","name":"Ada\\u0000"}')],
      ['malformed_json', Buffer.from('{"email":"a@example.com","address":{"city":"\\ud800"}}')],
      ['missing_field', Buffer.from('{}')],
      ['missing_field', Buffer.alloc(0)],
      ['body_too_large', Buffer.from(JSON.stringify({ email: 'a@example.com', name: 'x'.repeat(70_000) }))],
    ])('sends a body that is no command: %s', async (code, body) => {
      await rejected(code, { tenantId, body });
    });
  });

  describe('what is kept of it', () => {
    it('has no signature and no token; the body is sealed, for an operator to open', async () => {
      const body = { email: 'ada.lovelace@example.com', nick: 'x' };
      const onBehalfOf = await worker.issuer.issue({ role: 'tenant_admin', tenantId, mfa: true });
      const letter = await rejected('unknown_field', { tenantId, body, onBehalfOf });
      const place = `${letter.kafka_partition}:${letter.kafka_offset}`;
      const [published] = await worker.letters.find(
        ({ json }) => `${String(json.partition)}:${String(json.offset)}` === place,
      );
      const kept = JSON.stringify(letter) + JSON.stringify(published);
      expect(kept).not.toMatch(/lovelace|eyJ[\w-]+\./);
      expect(published?.json).toMatchObject({
        source: 'commands',
        reason: 'unknown_field',
        producer: 'shop',
        tenant: tenantId,
      });
      const pool = worker.database.admin;
      const kms = await LocalKeyManagement.open({
        path: join(worker.dataDirectory, 'keyring.json'),
        environment: 'test',
      });
      const keys = new Keys({
        ...{ app: 'operator', environment: 'test', kms },
        ...{ tenantKeys: new PostgresTenantKeyStore(pool), subjectKeys: new PostgresSubjectKeyStore(pool) },
      });
      const opened = await keys.openDeadLetter(tenantId, place, letter.sealed_body ?? '');
      expect(JSON.parse(opened.toString())).toEqual(body);
    });

    it('is nothing but place and reason where there is a card number', async () => {
      const cards = [
        { email: 'a@example.com', name: '4242 4242 4242 4242' },
        Buffer.from('{"email":"a@example.com","name":"\\u0034242424242424242"}'),
        Buffer.from('{"name":"4242424242424242"'),
      ];
      for (const body of cards) {
        const { messageId, letters } = await dealtWith({ tenantId, body });
        expect(letters).toEqual([
          expect.objectContaining({
            reason: 'raw_card_data',
            sealed_body: null,
            message_id: null,
            claimed_producer: null,
            claimed_tenant: null,
          }),
        ]);
        expect(await worker.resultsOf(messageId)).toEqual([expect.objectContaining({ outcome: 'rejected' })]);
      }
      const letter = await setAside('raw_card_data', {
        tenantId,
        body: { name: '4242424242424242' },
        headers: { ce_signature: 'x' },
      });
      expect(letter.message_id).toBeNull();
      await setAside('raw_card_data', { tenantId, messageId: 'order-4242424242424242', body: email() });
      const sent = [...worker.letters.records, ...worker.results.records].map(({ text }) => text).join();
      expect(sent).not.toMatch(/4242[ -]?4242/);
    });

    it('is gone after 30 days, and not before', async () => {
      const place = (offset: number, age: string) =>
        worker.database.admin.query(
          `insert into billing.command_dead_letter (kafka_partition, kafka_offset, appended_at, reason, detail, created_at)
           values (99, $1, now(), 'test', '', now() - $2::interval)`,
          [offset, age],
        );
      await place(1, '31 days');
      await place(2, '29 days');
      const pool = worker.database.pool('billing_command_worker');
      await new DeadLetters(
        pool,
        { sealDeadLetter: () => Promise.reject(new Error()) },
        new TenantShards(pool),
      ).expire();
      await pool.query('delete from billing.command_dead_letter'); // the policy, not the condition, keeps what is young
      const left = (await worker.letterRows()).filter(({ kafka_partition }) => kafka_partition === 99);
      expect(left.map(({ kafka_offset }) => kafka_offset)).toEqual(['2']);
    });

    it('is published however much of it there is', async () => {
      const body = { name: 'x'.repeat(60_000) };
      const records = await Promise.all(Array.from({ length: 40 }, () => signedRecord(shop, { tenantId, body })));
      const topic = `${worker.prefix}billing.commands.v1`;
      for (let from = 0; from < 40; from += 10) {
        const messages = records
          .slice(from, from + 10)
          .map(({ messageId: _, ...record }) => ({ ...record, partition: 2 }));
        await worker.producer.send({ topic, messages });
      }
      for (const { messageId } of records) {
        expect(await worker.resultsOf(messageId)).toEqual([expect.objectContaining({ outcome: 'rejected' })]);
        await worker.letters.find(({ json }) => json.messageId === messageId);
      }
    });

    it('is no body where no tenant has a key for it', async () => {
      const letter = await setAside(
        'producer_key_unknown',
        { tenantId: randomUUID(), body: email() },
        { ...shop, name: 'nobody' },
      );
      expect(letter.sealed_body).toBeNull();
    });
  });

  it('is carried out on no topic whose times are the word of the sender', async () => {
    const admin = testKafka(brokers).admin();
    await admin.connect();
    const topic = `${worker.prefix}billing.commands.v1`;
    const setTo = (value: string) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: topic, configEntries: [{ name: 'message.timestamp.type', value }] }],
      });
    await setTo('CreateTime'); // the broker follows a moment later
    const codes: (string | undefined)[] = [];
    for (let tries = 0; tries < 50 && !codes.includes('signature_time_unknown'); tries += 1) {
      const { messageId, ...record } = await signedRecord(shop, { tenantId, body: email() });
      await worker.publish({ ...record, timestamp: String(Date.now() - 1_000_000) });
      const [result] = await worker.resultsOf(messageId);
      codes.push((result?.error as { code: string } | undefined)?.code);
    }
    expect(codes.at(-1)).toBe('signature_time_unknown');
    await admin.disconnect();
  });
});
