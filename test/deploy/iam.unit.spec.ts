import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { proofPurpose } from '../../libs/keys/key-management.js';
import { tenantPurposes } from '../../libs/keys/rotation/index.js';
import type { KeyUser } from '../../libs/keys/who-may-decrypt.js';
import { whoMayDecrypt } from '../../libs/keys/who-may-decrypt.js';
import type { Policy, Statement } from './iam-policies.js';
import { policyOf, textOf } from './iam-policies.js';

const folder = new URL('../../deploy/iam/', import.meta.url);
const users = Object.keys(whoMayDecrypt) as KeyUser[];
const read = (user: string): Policy => JSON.parse(readFileSync(new URL(`${user}.json`, folder), 'utf8')) as Policy;

type Context = Record<string, string>;
const tenantOf = (purpose: string, environment = 'production'): Context => ({ tenantId: 't', purpose, environment });
const platformOf = (purpose: string, processor = 'stripe'): Context => ({
  processor,
  purpose,
  environment: 'production',
});

/** Whatever the KMS wraps or seals in production. */
const contexts = [
  ...tenantPurposes.map((purpose) => tenantOf(purpose)),
  ...['inbox', 'api_key', 'webhook_secret'].map((purpose) => platformOf(purpose)),
];
const uses = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext'];

const listOf = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

/** IAM's own rules for the operators that we use ("IAM JSON policy elements: Condition operators"). */
const holds = (operator: string, key: string, wanted: string | string[], context: Context): boolean => {
  const field = key.replace('kms:EncryptionContext:', '');
  if (operator === 'Null') return (context[field] === undefined) === (wanted === 'true');
  if (operator === 'Bool') return key === 'kms:ReEncryptOnSameKey' && wanted === 'true';
  if (operator === 'ForAllValues:StringEquals')
    return Object.keys(context).every((each) => listOf(wanted).includes(each));
  return operator === 'StringEquals' && listOf(wanted).includes(String(context[field]));
};

const applies = ({ Action, Condition = {} }: Statement, action: string, context: Context): boolean =>
  listOf(Action).some((each) => each === action || each === 'kms:*') &&
  Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, key, wanted, context)),
  );

const allows = (user: string, action: string, context: Context): boolean => {
  const found = read(user).Statement.filter((statement) => applies(statement, action, context));
  return found.some(({ Effect }) => Effect === 'Allow') && !found.some(({ Effect }) => Effect === 'Deny');
};

const whoMay = (action: string, context: Context): string[] =>
  users.filter((user) => allows(user, action, context)).sort();

describe('the IAM policies', () => {
  it.each(users)('of %s are what the table of keys says (WRITE_IAM_POLICIES=1 writes them)', async (user) => {
    const path = new URL(`${user}.json`, folder);
    const text = await format(textOf(policyOf(user)), { parser: 'json', printWidth: 120 });
    if (process.env.WRITE_IAM_POLICIES) writeFileSync(path, text);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('are one for each service, and the policies of the keys themselves', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    expect(files.sort()).toEqual(
      [...users.map((user) => `${user}.json`), 'key-policy.json', 'signing-key-policy.json'].sort(),
    );
  });

  it('let the gateway alone open API keys, the ingest alone webhook secrets, and the operator alone seal them', () => {
    expect(whoMay('kms:Decrypt', platformOf('api_key'))).toEqual(['gateway']);
    expect(whoMay('kms:Decrypt', platformOf('webhook_secret'))).toEqual(['webhook-ingest']);
    for (const purpose of ['api_key', 'webhook_secret']) {
      expect(whoMay('kms:Encrypt', platformOf(purpose))).toEqual(['operator']);
      expect(whoMay('kms:GenerateDataKeyWithoutPlaintext', platformOf(purpose))).toEqual([]);
    }
    expect(users.filter((user) => contexts.some((context) => allows(user, 'kms:GenerateDataKey', context)))).toEqual(
      [],
    );
  });

  it('let open the keys of a purpose those alone who seal or open under them: which of the two, the code says and not IAM', () => {
    expect(whoMay('kms:Decrypt', tenantOf('token'))).toEqual(['api', 'command-worker', 'gateway']);
    expect(whoMay('kms:Decrypt', tenantOf('dead_letter'))).toEqual(['command-worker', 'operator']);
    expect(whoMay('kms:Decrypt', tenantOf('personal'))).toEqual(['api', 'command-worker', 'gateway', 'privacy']);
    expect(whoMay('kms:Decrypt', platformOf('inbox'))).toEqual(['gateway', 'webhook-ingest']);
  });

  it('let the key custodian alone rotate the master key and wrap anew, who opens nothing, makes nothing and seals nothing', () => {
    expect(whoMay('kms:RotateKeyOnDemand', {})).toEqual(['key-custodian']);
    expect(whoMay('kms:ListKeyRotations', {})).toEqual(['key-custodian']);
    for (const context of contexts) {
      expect(whoMay('kms:ReEncryptFrom', context)).toContain('key-custodian');
      expect(whoMay('kms:ReEncryptTo', context)).toEqual(['key-custodian']);
      for (const action of uses) expect(whoMay(action, context)).not.toContain('key-custodian');
    }
  });

  it('let who rotates keys prove that they open by wrapping them for a purpose that nobody opens, and for no other', () => {
    const proofs = [tenantOf(proofPurpose), platformOf(proofPurpose)];
    const rotates: Record<string, (context: Context) => boolean> = {
      operator: () => true,
      gateway: (context) => 'tenantId' in context,
      'webhook-ingest': (context) => 'processor' in context,
    };
    for (const context of [...contexts, ...proofs])
      for (const [user, itsOwn] of Object.entries(rotates))
        expect([user, context, allows(user, 'kms:ReEncryptTo', context)]).toEqual([
          ...[user, context, proofs.includes(context) && itsOwn(context)],
        ]);
    expect(whoMay('kms:ReEncryptFrom', platformOf('inbox'))).toEqual(['key-custodian', 'operator', 'webhook-ingest']);
    for (const action of [...uses, 'kms:ReEncryptFrom'])
      for (const context of proofs) expect(whoMay(action, context)).toEqual([]);
  });

  it('let the operator open dead letters, salt an export of the audit log, and nothing else', () => {
    const opened = contexts.filter((context) => allows('operator', 'kms:Decrypt', context));
    expect(opened).toEqual([tenantOf('dead_letter'), tenantOf('audit')]);
  });

  it('let the anchor salt the audit log, and open nothing', () => {
    expect(whoMay('kms:Decrypt', tenantOf('audit'))).toEqual(['api', 'merkle-anchor', 'operator']);
    for (const action of uses)
      for (const context of contexts.filter(({ purpose }) => purpose !== 'audit'))
        expect([action, context, allows('merkle-anchor', action, context)]).toEqual([action, context, false]);
  });

  it('let the anchor alone sign, and the operator look at the keys that it introduces', () => {
    const signing = { 'aws:ResourceTag/billing': 'audit-log' };
    expect(whoMay('kms:Sign', signing)).toEqual(['merkle-anchor']);
    expect(whoMay('kms:GetPublicKey', signing)).toEqual(['merkle-anchor', 'operator']);
    for (const action of ['kms:Sign', 'kms:GetPublicKey']) expect(whoMay(action, {})).toEqual([]);
  });

  it.each([
    ['another environment', tenantOf('personal', 'test')],
    ['another processor', platformOf('inbox', 'other')],
    ['no context', {}],
    ['no tenant', { purpose: 'personal', environment: 'production' }],
    ['a field too many', { ...tenantOf('personal'), more: 'x' }],
    ['a tenant and a processor', { ...tenantOf('inbox'), processor: 'stripe' }],
    ['a purpose that nobody has', tenantOf('everything')],
  ])('let nobody do anything with %s', (_, context) => {
    for (const action of [...uses, 'kms:ReEncryptFrom', 'kms:ReEncryptTo']) expect(whoMay(action, context)).toEqual([]);
  });

  it('deny KMS as a whole to those that hold no keys', () => {
    for (const user of ['relay', 'projector'])
      expect(read(user).Statement).toEqual([expect.objectContaining({ Effect: 'Deny', Action: 'kms:*' })]);
  });
});

describe('the policy of the key', () => {
  const policy = read('key-policy');
  const actionsOf = (effect: string, pattern: RegExp) =>
    policy.Statement.filter(({ Effect, Sid }) => Effect === effect && pattern.test(Sid)).flatMap(({ Action }) =>
      listOf(Action),
    );

  it('lets those who administer it not use it', () => {
    const actions = actionsOf('Allow', /Administer/);
    expect(actions).toContain('kms:DisableKey');
    for (const use of ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:*'])
      expect(actions).not.toContain(use);
  });

  it('denies every use without our context, whoever asks', () => {
    expect(actionsOf('Deny', /Context/)).toEqual(
      expect.arrayContaining(['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*']),
    );
  });

  it('names every role that may use it, and no role that holds no keys', () => {
    const text = readFileSync(new URL('key-policy.json', folder), 'utf8');
    for (const user of users)
      expect([user, text.includes(`role/billing-${user}"`)]).toEqual([user, whoMayDecrypt[user].length > 0]);
  });

  it('lets the roles do what their own policies give them, and no more', () => {
    expect(actionsOf('Allow', /TheirOwn/).sort()).toEqual(givenOn(({ Sid }) => !isOfSigning(Sid)));
  });
});

const isOfSigning = (Sid: string): boolean => /AuditLog|SigningKeys/.test(Sid);

/** What the roles are allowed in such statements, sorted. */
const givenOn = (wanted: (statement: Statement) => boolean): string[] => {
  const given = users.flatMap((user) => read(user).Statement.filter(({ Effect }) => Effect === 'Allow'));
  return [...new Set(given.filter(wanted).flatMap(({ Action }) => listOf(Action)))].sort();
};

describe('the policy of the keys that sign the audit log', () => {
  const { Statement: statements } = read('signing-key-policy');
  const of = (pattern: RegExp) => statements.filter(({ Sid }) => pattern.test(Sid));

  it('lets those who administer them not sign', () => {
    const actions = of(/Administer/).flatMap(({ Action }) => listOf(Action));
    expect(actions).toContain('kms:DisableKey');
    for (const use of ['kms:Sign', 'kms:*']) expect(actions).not.toContain(use);
  });

  it('lets the roles do what their own policies give them, and no more', () => {
    const actions = of(/TheirOwn/).flatMap(({ Action }) => listOf(Action));
    expect(actions.sort()).toEqual(givenOn(({ Sid }) => isOfSigning(Sid)));
  });

  it('denies signing to everybody but the anchor, and anything but a checkpoint as it is', () => {
    const denied = of(/Anchor|AsItIs/);
    expect(denied.map(({ Effect, Action }) => [Effect, Action])).toEqual([
      ['Deny', 'kms:Sign'],
      ['Deny', 'kms:Sign'],
    ]);
    expect(JSON.stringify(denied)).toContain('role/billing-merkle-anchor"');
  });
});
