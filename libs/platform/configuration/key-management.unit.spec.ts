import { join } from 'node:path';

import { ConfigurationError, readConfiguration } from './index.js';
import { readKeyManagementSettings } from './key-management.js';

const keyId = '11111111-1111-4111-8111-111111111111';
const arn = `arn:aws:kms:eu-west-1:111122223333:key/${keyId}`;
const aws = { KMS_PROVIDER: 'aws', KMS_KEY_ID: keyId };
const base64 = Buffer.alloc(32, 1).toString('base64');
const read = (environment: NodeJS.ProcessEnv) => readKeyManagementSettings(environment, '/data');

describe('the settings of the key management', () => {
  it('are a keyring among the data where nothing is said', () => {
    expect(read({})).toEqual({ provider: 'local', keyringPath: join('/data', 'keyring.json') });
    expect(read({ KMS_PROVIDER: '', BILLING_KEYRING_MASTER_KEY: '' })).toEqual(read({}));
  });

  it('name what opens the keyring', () => {
    expect(read({ BILLING_KEYRING_MASTER_KEY: base64 })).toMatchObject({ masterKey: { base64 } });
    expect(read({ BILLING_KEYRING_MASTER_KEY_FILE: '/run/secrets/k' })).toMatchObject({
      masterKey: { file: '/run/secrets/k' },
    });
  });

  it('of AWS have a key for each use, and time-outs', () => {
    expect(read({ ...aws, KMS_MAC_KEY_ID: arn, KMS_SIGNING_KEY_ID: `audit=${arn}, receipts=${keyId}` })).toEqual({
      provider: 'aws',
      keyId,
      macKeyId: arn,
      signingKeyIds: new Map([
        ['audit', arn],
        ['receipts', keyId],
      ]),
      endpoint: undefined,
      ca: undefined,
      tryTimeout_ms: 1_000,
      callTimeout_ms: 3_000,
    });
    expect(read({ ...aws, KMS_TIMEOUT_MS: '500' })).toMatchObject({ tryTimeout_ms: 500, callTimeout_ms: 500 });
    expect(read({ ...aws, KMS_KEY_ID: `mrk-${keyId.replaceAll('-', '')}` })).toMatchObject({ provider: 'aws' });
  });

  it.each(['http://127.0.0.1:5555', 'http://localhost:5555', 'http://[::1]:5555', 'https://kms.internal'])(
    'take the endpoint %s',
    (endpoint) => {
      expect(read({ ...aws, AWS_ENDPOINT_URL_KMS: endpoint })).toMatchObject({ endpoint });
      expect(read({ ...aws, AWS_ENDPOINT_URL: endpoint })).toMatchObject({ endpoint });
    },
  );

  it.each([
    ['KMS_KEY_ID', { ...aws, KMS_KEY_ID: 'alias/billing' }, 'no alias'],
    ['KMS_KEY_ID', { ...aws, KMS_KEY_ID: 'arn:aws:s3:eu-west-1:111122223333:key/x' }, 'the id or the ARN'],
    ['KMS_MAC_KEY_ID', { ...aws, KMS_MAC_KEY_ID: 'mac' }, 'the id or the ARN'],
    ['KMS_SIGNING_KEY_ID', { ...aws, KMS_SIGNING_KEY_ID: keyId }, 'name=KEY'],
    ['KMS_SIGNING_KEY_ID', { ...aws, KMS_SIGNING_KEY_ID: `audit=${keyId},audit=${arn}` }, 'each key once'],
    ['KMS_TIMEOUT_MS', { ...aws, KMS_TIMEOUT_MS: 'soon' }, 'milliseconds from 50 to 60000'],
    ['KMS_TRY_TIMEOUT_MS', { ...aws, KMS_TRY_TIMEOUT_MS: '5000' }, 'not be more than KMS_TIMEOUT_MS'],
    ['KMS_TLS_CA', { ...aws, KMS_TLS_CA: '/nowhere/ca.pem' }, 'a PEM file that can be read'],
    ['AWS_ENDPOINT_URL_KMS', { ...aws, AWS_ENDPOINT_URL_KMS: 'http://kms.internal' }, 'loopback alone'],
    ['AWS_ENDPOINT_URL_KMS', { ...aws, AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1.example.com' }, 'loopback alone'],
    ['AWS_ENDPOINT_URL', { ...aws, AWS_ENDPOINT_URL: 'nowhere' }, 'loopback alone'],
    ['BILLING_KEYRING_MASTER_KEY', { BILLING_KEYRING_MASTER_KEY: 'short' }, '32 bytes in base64'],
    [
      'BILLING_KEYRING_MASTER_KEY_FILE',
      { BILLING_KEYRING_MASTER_KEY: base64, BILLING_KEYRING_MASTER_KEY_FILE: '/k' },
      'set one of them',
    ],
  ])('name %s when it is wrong', (name, environment, message) => {
    expect(() => read(environment)).toThrow(ConfigurationError);
    expect(() => read(environment)).toThrow(name);
    expect(() => read(environment)).toThrow(message);
  });

  it('never quote what may be a key', () => {
    const almost = base64.slice(0, -3);
    expect(() => read({ BILLING_KEYRING_MASTER_KEY: almost })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(almost) as string }) as Error,
    );
  });

  it('of production have neither the keyring nor plain http', () => {
    const production = {
      BILLING_ENV: 'production',
      AUDIT_ORIGIN: 'billing.example.com/audit',
      DATABASE_URL: 'postgres://u:p@db.internal/billing?sslmode=verify-full',
      AUTH_ISSUER: 'https://id.example.com',
      ...aws,
    };
    expect(readConfiguration(production).kms).toMatchObject({ provider: 'aws', keyId });
    expect(() => readConfiguration({ ...production, KMS_PROVIDER: undefined })).toThrow(
      'must not be local in production',
    );
    expect(() => readConfiguration({ ...production, AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:5555' })).toThrow(
      'AWS_ENDPOINT_URL_KMS must be https in production',
    );
  });
});
