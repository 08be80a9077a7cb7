import { isIP } from 'node:net';
import { Agent as HttpsAgent } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';

/** Connections that are kept at most. */
const maxSockets = 64;

export interface S3ClientOptions {
  connectTimeout_ms: number;
  /** By default as the SDK finds it: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile, or AWS itself. */
  endpoint: string | undefined;
}

/**
 * A client whose region, credentials and endpoint are the SDK's to find. Connections are TLS 1.3 with a verified certificate; plain HTTP is for
 * this machine alone. Tries are the caller's. Buckets are named in the path, as every S3 takes it and those that are not Amazon's often ask for.
 */
export const openS3Client = ({ connectTimeout_ms, endpoint }: S3ClientOptions): S3Client => {
  const client = new S3Client({
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: 1,
    forcePathStyle: true,
    requestHandler: {
      connectionTimeout: connectTimeout_ms,
      httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets, minVersion: 'TLSv1.3' }),
      httpAgent: { keepAlive: true, maxSockets },
    },
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const { protocol, hostname } = args.request as { protocol?: string; hostname?: string };
      if (protocol !== 'https:' && !isLoopback(hostname ?? ''))
        throw Object.assign(new Error('the endpoint of S3 must be https'), { name: 'PlainHttpRefused' });
      return next(args);
    },
    { step: 'finalizeRequest', name: 'refusePlainHttp' },
  );
  return client;
};

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
