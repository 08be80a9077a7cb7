import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';

import { ConfigurationError } from './configuration-error.js';

/** Which key management guards the keys, and how it is reached. */
export type KeyManagementSettings = LocalKeyManagementSettings | AwsKeyManagementSettings;

/** A keyring file on this machine; production refuses it. */
export interface LocalKeyManagementSettings {
  provider: 'local';
  keyringPath: string;
  /** What opens the keyring: 32 bytes in base64, or the file that holds them. Default: a file beside the keyring, made at the first start. */
  masterKey?: { base64: string } | { file: string };
}

/** Region and credentials are found as every AWS SDK finds them. */
export interface AwsKeyManagementSettings {
  provider: 'aws';
  /** The symmetric key that wraps data keys: its id or ARN. Undefined: this app may not ask for any, as the relay and the projector do not. */
  keyId: string | undefined;
  /** The HMAC_256 key; undefined: nothing here asks for a MAC. */
  macKeyId: string | undefined;
  /** Keys that sign, by the names that we have for them. */
  signingKeyIds: ReadonlyMap<string, string>;
  /** Instead of the region's own. */
  endpoint: string | undefined;
  /** PEM: the authorities to believe, instead of the system's and NODE_EXTRA_CA_CERTS. */
  ca: string | undefined;
  /** How long one try may take, and the whole of a call with its tries. */
  tryTimeout_ms: number;
  callTimeout_ms: number;
}

/** A key id, that of a multi-Region key, or an ARN of either. Not an alias: whoever may move it would choose our keys. */
const keyForm =
  /^(arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/)?(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const nameForm = /^[a-z][a-z0-9-]{0,39}$/;
const maxSigningKeys = 10;

/**
 * Reads KMS_PROVIDER and what belongs to it: KMS_KEY_ID and its companions, or BILLING_KEYRING_MASTER_KEY. Throws ConfigurationError for
 * the first wrong one and, in production, for the local keyring and an endpoint without TLS.
 */
export const readKeyManagementSettings = (given: NodeJS.ProcessEnv, dataDirectory: string): KeyManagementSettings => {
  const environment = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  const provider = environment.KMS_PROVIDER ?? 'local';
  if (provider === 'aws') return awsSettings(environment);
  if (provider !== 'local') throw new ConfigurationError('KMS_PROVIDER must be local or aws');
  if (environment.BILLING_ENV === 'production')
    throw new ConfigurationError('KMS_PROVIDER must not be local in production; use aws');
  return localSettings(environment, dataDirectory);
};

const localSettings = (environment: NodeJS.ProcessEnv, dataDirectory: string): LocalKeyManagementSettings => {
  const { BILLING_KEYRING_MASTER_KEY: base64, BILLING_KEYRING_MASTER_KEY_FILE: file } = environment;
  const keyringPath = join(dataDirectory, 'keyring.json');
  if (base64 !== undefined && file !== undefined)
    throw new ConfigurationError(
      'BILLING_KEYRING_MASTER_KEY and BILLING_KEYRING_MASTER_KEY_FILE are two ways to say one thing: set one of them',
    );
  if (base64 !== undefined) {
    if (!isMasterKey(base64))
      throw new ConfigurationError(
        'BILLING_KEYRING_MASTER_KEY must be 32 bytes in base64, as openssl rand -base64 32 gives them',
      );
    return { provider: 'local', keyringPath, masterKey: { base64 } };
  }
  return { provider: 'local', keyringPath, ...(file !== undefined && { masterKey: { file } }) };
};

/** Whether `text` is 32 bytes in base64. */
export const isMasterKey = (text: string): boolean =>
  /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, 'base64').length === 32;

const awsSettings = (environment: NodeJS.ProcessEnv): AwsKeyManagementSettings => {
  const callTimeout_ms = milliseconds(environment, 'KMS_TIMEOUT_MS', 3_000);
  const tryTimeout_ms = milliseconds(environment, 'KMS_TRY_TIMEOUT_MS', Math.min(1_000, callTimeout_ms));
  if (tryTimeout_ms > callTimeout_ms)
    throw new ConfigurationError('KMS_TRY_TIMEOUT_MS must not be more than KMS_TIMEOUT_MS, which holds all tries');
  return {
    provider: 'aws',
    keyId: keyIdOf(environment, 'KMS_KEY_ID'),
    macKeyId: keyIdOf(environment, 'KMS_MAC_KEY_ID'),
    signingKeyIds: signingKeysOf(environment.KMS_SIGNING_KEY_ID ?? ''),
    endpoint: endpointOf(environment),
    ca: caOf(environment),
    tryTimeout_ms,
    callTimeout_ms,
  };
};

const keyIdOf = (environment: NodeJS.ProcessEnv, name: 'KMS_KEY_ID' | 'KMS_MAC_KEY_ID'): string | undefined => {
  const keyId = environment[name];
  if (keyId !== undefined && !keyForm.test(keyId))
    throw new ConfigurationError(`${name} must be the id or the ARN of a KMS key, no alias`);
  return keyId;
};

const signingKeysOf = (list: string): ReadonlyMap<string, string> => {
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== '');
  const keys = new Map(
    entries.map((entry) => {
      const [, name = '', keyId = ''] = /^([^=]*)=(.*)$/.exec(entry) ?? [];
      if (!nameForm.test(name) || !keyForm.test(keyId))
        throw new ConfigurationError(
          'KMS_SIGNING_KEY_ID must be name=KEY, or several of them divided by commas; a key is the id or the ARN of a KMS key, no alias',
        );
      return [name, keyId] as const;
    }),
  );
  if (keys.size !== entries.length || keys.size > maxSigningKeys)
    throw new ConfigurationError(`KMS_SIGNING_KEY_ID must name each key once, and ${maxSigningKeys} at most`);
  return keys;
};

const milliseconds = (environment: NodeJS.ProcessEnv, name: string, otherwise: number): number => {
  const text = environment[name];
  if (text === undefined) return otherwise;
  if (!/^\d{1,6}$/.test(text) || Number(text) < 50 || Number(text) > 60_000)
    throw new ConfigurationError(`${name} must be a whole number of milliseconds from 50 to 60000`);
  return Number(text);
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether requests for `url` are verified on their way, or never leave this machine. */
const isSafe = (url: URL, production: boolean): boolean => {
  if (url.protocol === 'https:') return true;
  if (url.protocol !== 'http:' || production) return false;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return host === 'localhost' || (isIP(host) !== 0 && loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4'));
};

const endpointOf = (environment: NodeJS.ProcessEnv): string | undefined => {
  const name = environment.AWS_ENDPOINT_URL_KMS === undefined ? 'AWS_ENDPOINT_URL' : 'AWS_ENDPOINT_URL_KMS';
  const endpoint = environment[name];
  if (endpoint === undefined) return undefined;
  const production = environment.BILLING_ENV === 'production';
  if (!URL.canParse(endpoint) || !isSafe(new URL(endpoint), production))
    throw new ConfigurationError(
      production
        ? `${name} must be https in production`
        : `${name} must be the https URL of a KMS; plain http is for loopback alone`,
    );
  return endpoint;
};

const caOf = ({ KMS_TLS_CA: file }: NodeJS.ProcessEnv): string | undefined => {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`KMS_TLS_CA must name a PEM file that can be read: ${(error as Error).message}`);
  }
};
