import { once } from 'node:events';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { AwsKeyManagementSettings } from '#platform/configuration';
import type { Authority, Offer } from '../../../test/certificates/index.js';
import { badOffers, goodOffer, makeAuthority } from '../../../test/certificates/index.js';
import type { EncryptionContext } from '../key-management.js';
import { openAwsKeyManagement } from './open-aws-key-management.js';

const keyId = '11111111-1111-4111-8111-111111111111';
const context: EncryptionContext = { processor: 'stripe', purpose: 'inbox', environment: 'test' };
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_EC2_METADATA_DISABLED: 'true' };
const servers: Server[] = [];
let authority: Authority;

/** A KMS that gives the same data key to everybody, over TLS as `offer` has it; gives its URL. */
const serve = async ({ certificate, by = authority, maxVersion }: Offer): Promise<string> => {
  const server = createServer(
    { ...(await by.issue(certificate)), ...(maxVersion && { maxVersion }) },
    (_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ Plaintext: Buffer.alloc(32, 7).toString('base64'), CiphertextBlob: 'AAAA' }));
    },
  );
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `https://localhost:${String((server.address() as AddressInfo).port)}`;
};

const settings = (changes: Partial<AwsKeyManagementSettings>): AwsKeyManagementSettings => ({
  provider: 'aws',
  ...{ keyId, macKeyId: undefined, signingKeyIds: new Map(), endpoint: undefined, ca: authority.ca },
  ...{ tryTimeout_ms: 1_000, callTimeout_ms: 1_500 },
  ...changes,
});

beforeAll(async () => {
  Object.assign(process.env, credentials, { AWS_REGION: 'us-east-1' });
  authority = await makeAuthority();
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

describe('the connection to AWS KMS', () => {
  it('is made to a server of the right name and authority', async () => {
    const kms = await openAwsKeyManagement(settings({ endpoint: await serve(goodOffer) }));
    expect((await kms.generateDataKey(context)).plaintext).toEqual(Buffer.alloc(32, 7));
  });

  it.each(badOffers)('is refused to one that %s', async (_, offer, reason) => {
    const kms = await openAwsKeyManagement(settings({ endpoint: await serve(await offer()) }));
    const failure = await kms.generateDataKey(context).catch((error: unknown) => error);
    expect(failure).toMatchObject({ trouble: 'unreachable' });
    expect(String(((failure as Error).cause as Error).message)).toMatch(reason);
  });

  it('believes no authority that it was not told of', async () => {
    const kms = await openAwsKeyManagement(settings({ endpoint: await serve(goodOffer), ca: undefined }));
    await expect(kms.generateDataKey(context)).rejects.toMatchObject({ trouble: 'unreachable' });
  });

  it('is not made over plain http because of a file of profiles', async () => {
    process.env.AWS_ENDPOINT_URL_KMS = 'http://127.0.0.1:9'; // as the SDK would find it, and no setting of ours
    try {
      const kms = await openAwsKeyManagement(settings({}));
      const failure = await kms.generateDataKey(context).catch((error: unknown) => error);
      expect(String(((failure as Error).cause as Error).message)).toContain('must be https');
    } finally {
      delete process.env.AWS_ENDPOINT_URL_KMS;
    }
  });

  it('needs a region, or a key that names one', async () => {
    delete process.env.AWS_REGION;
    const files = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };
    Object.assign(process.env, files);
    try {
      await expect(openAwsKeyManagement(settings({}))).rejects.toThrow('AWS_REGION must be set');
      await openAwsKeyManagement(settings({ keyId: `arn:aws:kms:eu-west-1:111122223333:key/${keyId}` }));
    } finally {
      process.env.AWS_REGION = 'us-east-1';
      for (const name of Object.keys(files)) Reflect.deleteProperty(process.env, name);
    }
  });
});
