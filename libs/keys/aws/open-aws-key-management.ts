import { Agent as HttpsAgent } from 'node:https';
import { KMSClient } from '@aws-sdk/client-kms';
import type { AwsKeyManagementSettings } from '#platform/configuration';
import { ConfigurationError } from '#platform/configuration';
import type { Registry } from '#platform/metrics';
import type { Warnings } from '#platform/warnings';
import type { KeyManagement } from '../key-management.js';
import { AwsKeyManagement } from './aws-key-management.js';
import { KmsLine } from './kms-line.js';
import type { KmsLogger } from './kms-line.js';
import { KmsMetrics } from './kms-metrics.js';

export interface KmsObservers {
  metrics?: Registry;
  logger?: KmsLogger;
  warnings?: Pick<Warnings, 'set'>;
}

/** Connections that are kept at most. */
const maxSockets = 50;

/**
 * Opens AWS KMS; no call is made, so that a service starts while it is away. Region and credentials are the SDK's to find. Connections
 * are TLS 1.3, and the server's certificate is verified. Throws ConfigurationError without KMS_KEY_ID and without a region.
 */
export const openAwsKeyManagement = async (
  settings: AwsKeyManagementSettings,
  { metrics, logger, warnings }: KmsObservers = {},
): Promise<KeyManagement> => {
  const { keyId, macKeyId, signingKeyIds, endpoint, ca, tryTimeout_ms, callTimeout_ms } = settings;
  if (keyId === undefined)
    throw new ConfigurationError(
      'KMS_KEY_ID is required with KMS_PROVIDER=aws: the id or the ARN of a symmetric KMS key',
    );
  const region = regionOf(keyId);
  const client = new KMSClient({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    // Tries are ours: bounded in all, and each seen by the breaker.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: tryTimeout_ms,
      httpsAgent: new HttpsAgent({
        keepAlive: true,
        maxSockets,
        minVersion: 'TLSv1.3',
        ...(ca !== undefined && { ca }),
      }),
      httpAgent: { keepAlive: true, maxSockets },
    },
  });
  if (endpoint === undefined) refusePlainHttp(client);
  await assertRegion(client);
  const line = new KmsLine({
    tryTimeout_ms,
    callTimeout_ms,
    metrics: new KmsMetrics(metrics),
    ...(logger && { logger }),
    ...(warnings && { warnings }),
  });
  return new AwsKeyManagement({ client, line, keyId, macKeyId, signingKeyIds });
};

/** An ARN says where its key is. */
const regionOf = (keyId: string): string | undefined => /^arn:[\w-]+:kms:([\w-]+):/.exec(keyId)?.[1];

const assertRegion = async (client: KMSClient): Promise<void> => {
  try {
    await client.config.region();
  } catch {
    throw new ConfigurationError('AWS_REGION must be set with KMS_PROVIDER=aws, or KMS_KEY_ID be an ARN');
  }
};

/** The settings were looked at; a profile file may name an endpoint too, which only the SDK reads. */
const refusePlainHttp = (client: KMSClient): void => {
  client.middlewareStack.add(
    (next) => (args) => {
      const { protocol } = args.request as { protocol?: string };
      if (protocol !== 'https:')
        throw Object.assign(new Error('endpoint_url of the AWS profile must be https'), { name: 'PlainHttpRefused' });
      return next(args);
    },
    { step: 'finalizeRequest', name: 'refusePlainHttp' },
  );
};
