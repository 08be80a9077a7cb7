import { randomUUID } from 'node:crypto';

import type { Reply } from './testing/call.js';
import { expectProblem } from './testing/expect-problem.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi, tenantAt } from './testing/running-api.js';

interface Schema {
  type?: string;
  enum?: string[];
  format?: string;
  pattern?: string;
  maxLength?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  $ref?: string;
  allOf?: Schema[];
}
interface Operation {
  requestBody?: { content: { 'application/json': { schema: Schema } } };
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

let api: RunningApi;
let tenant: TestTenant;
let customerId: string;
let document: Document;
let admin: TestTenant;
/** Who runs the deployment, bound to no tenant. */
let platform: TestTenant;

/** Who may call a route. */
const callerOf = (path: string): TestTenant => {
  if (path.startsWith('/v1/tenants')) return platform;
  return path === '/v1/connected-accounts' ? admin : tenant;
};

beforeAll(async () => {
  api = await startApi();
  tenant = await api.tenant();
  admin = tenantAt(api.url, tenant.id, await api.tokenFor({ role: 'platform_admin', tenantId: tenant.id, mfa: true }));
  platform = tenantAt(api.url, tenant.id, await api.tokenFor({ role: 'platform_admin', mfa: true }));
  customerId = (await tenant.post('/v1/customers', { email: 'ada@example.com' })).json.id as string;
  document = (await tenant.get('/openapi.json')).json as unknown as Document;
});
afterAll(() => api.close());

/** Calls, and holds that nothing at all was written. */
const writesNothing = async (call: () => Promise<Reply>): Promise<Reply> => {
  const before = await api.written();
  const reply = await call();
  expect(await api.written()).toEqual(before);
  return reply;
};

const refuses = async (path: string, body: unknown, status: number, code: string, field?: string): Promise<Reply> => {
  const reply = await writesNothing(() => callerOf(path).post(path, body));
  expectProblem(reply, status, code, field);
  return reply;
};

const routes = (): { path: string; schema: Schema; good: Record<string, unknown> }[] =>
  Object.entries(document.paths).flatMap(([template, { post }]) => {
    if (!post) return [];
    const schema = resolved(post.requestBody?.content['application/json'].schema ?? {});
    const path = template.replace('{id}', template.includes('customers') ? customerId : randomUUID());
    return [{ path, schema, good: goodBody(schema) }];
  });

const resolved = (schema: Schema): Schema => {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  return ref ? (document.components.schemas[ref.split('/').at(-1) ?? ''] as Schema) : schema;
};

const goodBody = (schema: Schema): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(schema.properties ?? {})
      .filter(([name]) => schema.required?.includes(name))
      .map(([name, property]) => [name, goodValue(name, resolved(property))]),
  );

const goodValue = (name: string, schema: Schema): unknown => {
  if (name === 'customerId') return customerId;
  if (name === 'currency') return 'usd';
  if (name === 'processorToken') return 'pm_card_visa';
  if (name === 'processorAccountId') return 'acct_1';
  if (schema.format === 'uuid') return randomUUID();
  if (schema.format === 'email') return 'grace@example.com';
  if (schema.type === 'object') return goodBody(schema);
  return schema.enum?.[0] ?? (schema.type === 'integer' ? 1_999 : 'text');
};

/** Values that a property of this schema cannot have. */
const badValues = (schema: Schema): unknown[] => {
  const ofOtherTypes = [null, [], 'x\u0000', '\ud800', {}, true, 0.5, 0, -1, ''];
  if (schema.type === 'boolean') return ofOtherTypes.filter((value) => typeof value !== 'boolean');
  if (schema.type === 'object') return ofOtherTypes.filter((value) => JSON.stringify(value) !== '{}');
  const tooLong = schema.maxLength ? ['x'.repeat(schema.maxLength + 1)] : [];
  return [...ofOtherTypes, ...tooLong, ...(schema.enum ? ['other'] : []), ...(schema.type === 'integer' ? ['5'] : [])];
};

describe('every POST route of the document', () => {
  it('is among the seventeen that this spec knows', () => {
    expect(routes()).toHaveLength(17);
  });

  it('refuses an unknown field by its name', async () => {
    for (const { path, good } of routes()) await refuses(path, { ...good, extra: 1 }, 400, 'unknown_field', 'extra');
  });

  it('refuses a missing field by its name', async () => {
    for (const { path, schema, good } of routes()) {
      for (const name of schema.required ?? []) {
        await refuses(path, { ...good, [name]: undefined }, 400, 'missing_field', name);
      }
    }
  });

  it('refuses a wrong value of every field by its name, null included', async () => {
    for (const { path, schema, good } of routes()) {
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        for (const value of badValues(resolved(property))) {
          const { status, json } = await callerOf(path).post(path, { ...good, [name]: value });
          expect({ path, value, status, field: json.field }).toEqual({ path, value, status: 400, field: name });
        }
      }
    }
  });

  it('refuses what no log or database keeps, NUL and halves of surrogate pairs, anywhere in a body', async () => {
    let nested = 0;
    for (const { path, schema, good } of routes()) {
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        for (const [inner, innermost] of Object.entries(resolved(property).properties ?? {})) {
          for (const value of innermost.type === 'string' ? ['x\u0000', '\ud800', 'x\udc00y'] : []) {
            const body = { ...good, [name]: { ...goodBody(resolved(property)), [inner]: value } };
            const { status, json } = await callerOf(path).post(path, body);
            const field = String(json.field).split('.').at(-1);
            expect({ path, value, status, field }).toEqual({ path, value, status: 400, field: inner });
            nested += 1;
          }
        }
      }
      await refuses(path, { ...good, 'x\u0000': 1 }, 400, 'unknown_field', 'x\u0000');
    }
    expect(nested).toBeGreaterThan(20);
  });

  it('refuses a body that is no JSON object', async () => {
    for (const { path } of routes()) {
      for (const body of ['[]', '"text"', 'null', '1', 'true']) await refuses(path, body, 400, 'invalid_type', 'body');
      for (const body of ['{', '{"a":1,}', "{'a':1}", 'undefined', '{"a":NaN}', '{"a":"\u0000"}', '{"a":"\n"}'])
        await refuses(path, body, 400, 'malformed_json', 'body');
    }
  });

  it('refuses names that mean something to JavaScript', async () => {
    for (const { path, good } of routes()) {
      await refuses(path, '{"__proto__":{"amount":1}}', 400, 'unknown_field', '__proto__');
      await refuses(path, '{"constructor":{"prototype":{}}}', 400, 'unknown_field', 'constructor');
      await refuses(path, '{"\\u005f_proto__":1}', 400, 'unknown_field', '__proto__');
      for (const name of ['hasOwnProperty', 'toString', 'valueOf', 'then', 'toJSON'])
        await refuses(path, { ...good, [name]: 1 }, 400, 'unknown_field', name);
    }
  });

  it('refuses a body over 64 KiB, one of another type, and one that is not UTF-8', async () => {
    for (const { path } of routes()) {
      const large = JSON.stringify({ extra: 'x'.repeat(65_536) });
      expectProblem(await writesNothing(() => callerOf(path).post(path, large)), 413, 'body_too_large');
      for (const type of ['text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', 'nonsense'])
        expectProblem(
          await writesNothing(() => callerOf(path).post(path, '{}', { 'content-type': type })),
          415,
          'media_type_not_supported',
        );
      await refuses(path, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'malformed_json', 'body');
    }
  });

  it('refuses a missing or malformed key', async () => {
    for (const { path, good } of routes()) {
      for (const [key, code] of [
        ['', 'idempotency_key_missing'],
        ['two words', 'idempotency_key_invalid'],
        ['ümlaut', 'idempotency_key_invalid'],
        ['x'.repeat(256), 'idempotency_key_invalid'],
      ] as const) {
        const reply = await writesNothing(() => callerOf(path).post(path, good, { 'idempotency-key': key }));
        expectProblem(reply, 400, code, 'Idempotency-Key');
      }
    }
  });

  it('refuses a wait that is no number of seconds', async () => {
    for (const { path, good } of routes()) {
      for (const prefer of ['wait=soon', 'wait=-1', 'wait=1.5', 'respond-async, wait=', 'wait=1e3'])
        expectProblem(
          await writesNothing(() => callerOf(path).post(path, good, { prefer })),
          400,
          'invalid_prefer',
          'Prefer',
        );
    }
  });

  it('refuses a card number wherever it stands', async () => {
    for (const { path, good } of routes()) {
      for (const card of [
        '4242424242424242',
        '4242 4242 4242 4242',
        '4242-4242-4242-4242',
        '378282246310005',
        4242424242424242,
      ])
        await refuses(path, { ...good, orderId: card }, 422, 'raw_card_data', 'orderId');
      await refuses(path, { address: { line1: 'card 4242424242424242' } }, 422, 'raw_card_data', 'address');
      await refuses(path, '{"name":"\\u0034242424242\\u003424242"}', 422, 'raw_card_data', 'name');
      await refuses(path, { '4242424242424242': 1 }, 422, 'raw_card_data', 'body');
      expect((await refuses(path, '{"a":"4242424242424242"', 422, 'raw_card_data', 'body')).text).not.toContain(
        '4242424242',
      );
    }
  });
});

describe('an amount', () => {
  const payment = (amount: unknown, currency: unknown) => ({ amount, currency, customerId });

  it.each([
    [0, 'usd', 'amount_invalid'],
    [-1, 'usd', 'amount_invalid'],
    [49, 'usd', 'amount_too_small'],
    [100_000_000, 'usd', 'amount_too_large'],
    [2 ** 53, 'usd', 'amount_too_large'],
    [1e300, 'usd', 'amount_too_large'],
    [5_124, 'kwd', 'amount_not_representable'],
    [550, 'isk', 'amount_not_representable'],
    [0.5, 'usd', 'invalid_type'],
    [19.99, 'usd', 'invalid_type'],
    ['1999', 'usd', 'invalid_type'],
    [true, 'usd', 'invalid_type'],
  ])('of %p %s is refused', async (amount, currency, code) => {
    await refuses('/v1/payments', payment(amount, currency), 400, code, 'amount');
  });

  it.each(['1e400', '-1e400', '1E+999'])('beyond every number (%s) is refused', async (amount) => {
    const body = `{"amount":${amount},"currency":"usd","customerId":"${customerId}"}`;
    await refuses('/v1/payments', body, 400, 'invalid_type', 'amount');
  });

  it.each(['xxx', 'btc', 'zzz', '   ', 'u$d'])('of %p is refused', async (currency) => {
    await refuses('/v1/payments', payment(1_999, currency), 400, 'currency_unknown', 'currency');
  });

  it('that JSON writes with a fraction of zero is the integer', async () => {
    const body = `{"amount":1999.0,"currency":"USD","customerId":"${customerId.toUpperCase()}"}`;
    const reply = await tenant.post('/v1/payments', body);
    expect([reply.status, reply.json.amount, reply.json.currency]).toEqual([201, 1_999, 'usd']);
  });
});

describe('a body that readers would read differently', () => {
  it('with a name twice is refused, however it is written', async () => {
    const rest = `"currency":"usd","customerId":"${customerId}"`;
    for (const body of [`{"amount":100,${rest},"amount":1000000}`, `{"amount":100,${rest},"\\u0061mount":1000000}`])
      await refuses('/v1/payments', body, 400, 'duplicate_field', 'amount');
    await refuses(
      '/v1/customers',
      '{"email":"a@b.cd","address":{"city":"A","city":"B"}}',
      400,
      'duplicate_field',
      'city',
    );
  });

  it('with the same name in two objects, or in a value, is not', async () => {
    const reply = await tenant.post('/v1/customers', {
      email: 'x@example.com',
      name: 'a":{"a":',
      address: { city: 'name' },
    });
    expect(reply.status).toBe(201);
  });

  it('nested thousands of levels deep is refused', async () => {
    for (const [open, close] of [
      ['{"a":', '}'],
      ['[', ']'],
    ] as const) {
      const body = `{"address":${open.repeat(9_000)}1${close.repeat(9_000)}}`;
      await refuses('/v1/customers', body, 400, 'malformed_json', 'body');
    }
  });
});

describe('what was sent', () => {
  it('comes back in no great length, however many and long the names are', async () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`n${at}`, 1]));
    const first = await refuses('/v1/customers', many, 400, 'unknown_field', 'n0');
    expect(first.json.errors).toHaveLength(20);
    const long = 'x'.repeat(60_000);
    const second = await refuses(
      '/v1/customers',
      { email: 'a@b.cd', [long]: 1 },
      400,
      'unknown_field',
      'x'.repeat(100),
    );
    const third = await refuses(
      '/v1/customers',
      `{"${long.slice(30_000)}":1,"${long.slice(30_000)}":1}`,
      400,
      'duplicate_field',
      'x'.repeat(100),
    );
    for (const { text } of [first, second, third]) expect(text.length).toBeLessThan(5_000);
  });
});
