import { BlockList, isIP } from 'node:net';

import { isSpiffeId } from '../spiffe/index.js';
import { ConfigurationError } from './configuration-error.js';

/** Where an app listens, how it proves who it is, and whom it lets in. Files are PEM, or lists; they are read where they are followed. */
export interface InboundSettings {
  /** An address of this machine. */
  host: string;
  /** Undefined: plain HTTP, on loopback alone. */
  tls: { certFile: string; keyFile: string } | undefined;
  /** The listener for services, which must show a certificate; undefined: there is none. 0 takes any free port. */
  servicePort: number | undefined;
  /** Whose client certificates count, on connections and in what trusted proxies forward. */
  clients: ClientSettings | undefined;
  /** Whose word about the client behind them counts. */
  trustedProxies: TrustedProxies;
}

export interface ClientSettings {
  /** The authorities that they are issued by. */
  caFile: string;
  /** SPIFFE ids, or the file that lists them. */
  allow: { ids: readonly string[] } | { file: string };
  /** A list of SPIFFE ids and SHA-256 fingerprints that are refused, whatever else. */
  denyFile: string | undefined;
}

export interface TrustedProxies {
  /** On the listener for services. */
  spiffeIds: ReadonlySet<string>;
  /** On the other one. */
  addresses: BlockList;
}

/** Which app listens: the variable that names its address, and whether services have a listener of their own there. */
export type Listening = 'api' | 'webhook-ingest';

/**
 * Reads HOST (or WEBHOOK_HOST), SERVICE_PORT, TRUSTED_PROXIES and the TLS_ variables. Throws ConfigurationError for the first wrong one,
 * and where plain HTTP would leave this machine.
 */
export const readInboundSettings = (given: NodeJS.ProcessEnv, app: Listening): InboundSettings => {
  const environment = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  const tls = serverFiles(environment);
  const trustedProxies = trustedProxiesOf(environment);
  const host = hostOf(environment, app === 'api' ? 'HOST' : 'WEBHOOK_HOST', tls !== undefined);
  if (app === 'webhook-ingest') return { host, tls, servicePort: undefined, clients: undefined, trustedProxies };
  const servicePort = servicePortOf(environment, tls !== undefined);
  return { host, tls, servicePort, clients: clientsOf(environment, servicePort !== undefined), trustedProxies };
};

const serverFiles = ({ TLS_CERT, TLS_KEY }: NodeJS.ProcessEnv): InboundSettings['tls'] => {
  if ((TLS_CERT === undefined) !== (TLS_KEY === undefined))
    throw new ConfigurationError('TLS_CERT and TLS_KEY belong together: set both or neither');
  return TLS_CERT === undefined || TLS_KEY === undefined ? undefined : { certFile: TLS_CERT, keyFile: TLS_KEY };
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const hostOf = (environment: NodeJS.ProcessEnv, name: 'HOST' | 'WEBHOOK_HOST', secure: boolean): string => {
  const said = environment[name] ?? '127.0.0.1';
  const host = said === 'localhost' ? '127.0.0.1' : said;
  if (isIP(host) === 0)
    throw new ConfigurationError(`${name} must be an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::`);
  if (!secure && !loopback.check(host, familyOf(host)))
    throw new ConfigurationError(
      `${name} is ${host}, which other machines may reach, and plain HTTP is for loopback alone: set TLS_CERT and TLS_KEY, or leave ${name} out`,
    );
  return host;
};

const servicePortOf = ({ SERVICE_PORT, PORT }: NodeJS.ProcessEnv, secure: boolean): number | undefined => {
  if (SERVICE_PORT === undefined) return undefined;
  if (!/^\d{1,5}$/.test(SERVICE_PORT) || Number(SERVICE_PORT) > 65_535)
    throw new ConfigurationError('SERVICE_PORT must be a port number from 0 (any free one) to 65535');
  if (SERVICE_PORT !== '0' && Number(SERVICE_PORT) === Number(PORT ?? 3000))
    throw new ConfigurationError(`SERVICE_PORT must not be ${SERVICE_PORT} too, which is PORT's`);
  if (!secure) throw new ConfigurationError('SERVICE_PORT speaks TLS alone: set TLS_CERT and TLS_KEY too');
  return Number(SERVICE_PORT);
};

const clientsOf = (environment: NodeJS.ProcessEnv, services: boolean): ClientSettings | undefined => {
  const { TLS_CLIENT_CA: caFile, TLS_CLIENT_ALLOW: allow, TLS_CLIENT_DENY: denyFile } = environment;
  const named = caFile ?? allow ?? denyFile;
  if (named === undefined && !services) return undefined;
  if (caFile === undefined)
    throw new ConfigurationError('TLS_CLIENT_CA must name the file of the authorities that services are certified by');
  if (allow === undefined)
    throw new ConfigurationError('TLS_CLIENT_ALLOW must list the SPIFFE ids that are let in, or name a file of them');
  if (!services && environment.TRUSTED_PROXIES === undefined)
    throw new ConfigurationError('TLS_CLIENT_CA is for services, and they have no way in: set SERVICE_PORT');
  return { caFile, allow: allowOf(allow), denyFile };
};

const entriesOf = (list: string): string[] => list.split(/[\s,]+/).filter((entry) => entry !== '');

const allowOf = (allow: string): ClientSettings['allow'] => {
  if (!allow.trim().startsWith('spiffe:')) return { file: allow };
  const ids = entriesOf(allow);
  const wrong = ids.find((id) => !isSpiffeId(id));
  if (wrong !== undefined)
    throw new ConfigurationError(
      `TLS_CLIENT_ALLOW: ${wrong.slice(0, 100)} is no SPIFFE id (spiffe://trust-domain/path)`,
    );
  return { ids };
};

const maxProxies = 1_000;

const trustedProxiesOf = ({ TRUSTED_PROXIES = '' }: NodeJS.ProcessEnv): TrustedProxies => {
  const spiffeIds = new Set<string>();
  const addresses = new BlockList();
  const entries = entriesOf(TRUSTED_PROXIES);
  if (entries.length > maxProxies) throw new ConfigurationError(`TRUSTED_PROXIES must name ${maxProxies} at most`);
  for (const entry of entries) {
    if (isSpiffeId(entry)) spiffeIds.add(entry);
    else addNetwork(addresses, entry);
  }
  return { spiffeIds, addresses };
};

/** IPv4 addresses as IPv6 has them (RFC 4291, 2.5.5.2), which a network of IPv6 may hold too. */
const mapped = new BlockList();
mapped.addSubnet('::ffff:0:0', 96, 'ipv6');
const mappedBits = 96;
/** Nobody's own network is larger: IPv4's were never, and IPv6's are given out much smaller. */
const leastLength = { ipv4: 8, ipv6: 16 };

const addNetwork = (addresses: BlockList, entry: string): void => {
  const [, address = '', prefix] = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = familyOf(address);
  const bits = family === 'ipv6' ? 128 : 32;
  const length = Number(prefix ?? bits);
  if (isIP(address) === 0 || length > bits)
    throw new ConfigurationError(
      `TRUSTED_PROXIES: ${entry.slice(0, 100)} is no SPIFFE id, no address and no network such as 10.1.0.0/16`,
    );
  if (isTooLarge(address, length))
    throw new ConfigurationError(
      `TRUSTED_PROXIES: ${entry} would believe everybody: a network of proxies is /8 or smaller, /16 or smaller in IPv6; name your proxies`,
    );
  addresses.addSubnet(address, length, family);
};

const isTooLarge = (address: string, length: number): boolean => {
  const family = familyOf(address);
  if (family === 'ipv6' && mapped.check(address, family) && length >= mappedBits)
    return length - mappedBits < leastLength.ipv4;
  return length < leastLength[family] || (family === 'ipv6' && holdsAllMapped(address, length));
};

const holdsAllMapped = (address: string, length: number): boolean => {
  const network = new BlockList();
  network.addSubnet(address, length, 'ipv6');
  return length <= mappedBits && network.check('::ffff:0:0', 'ipv6');
};
