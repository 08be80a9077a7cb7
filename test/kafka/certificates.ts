import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const step_timeout_ms = 30_000;

/** An authority made for one run, and the certificate that it gave a broker on loopback. Both are valid for a day. */
export interface Certificates {
  /** PEM file of the authority. */
  authority: string;
  /** PKCS #12 file of the broker: its key and its chain. */
  keystore: string;
  /** Of the keystore. */
  password: string;
}

/** The subject of the broker's certificate, which is its name to the controllers. */
export const brokerSubject = 'CN=broker';

/**
 * Makes them in `folder` with the JDK's keytool: where a broker can run, it is there. P-256 keys; the certificate names
 * 127.0.0.1 and localhost.
 */
export const makeCertificates = async (folder: string): Promise<Certificates> => {
  const password = randomBytes(16).toString('hex');
  const [authorityStore, keystore, authority] = ['authority.p12', 'broker.p12', 'authority.pem'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const keytool = (command: string, ...args: string[]) =>
    run('keytool', [command, ...args], {
      timeout: step_timeout_ms,
      killSignal: 'SIGKILL',
      env: { ...process.env, STORE_PASSWORD: password },
    });
  const opened = ['-keystore', authorityStore, '-storetype', 'PKCS12', '-storepass:env', 'STORE_PASSWORD'];
  const key = ['-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '1'];
  const forAuthority = ['-dname', 'CN=authority for tests', '-ext', 'bc:c', '-ext', 'ku:c=keyCertSign'];
  const forBroker = ['-dname', brokerSubject, '-ext', 'san=ip:127.0.0.1,dns:localhost'];
  await keytool('-genkeypair', '-alias', 'authority', ...key, ...forAuthority, ...opened);
  await keytool('-exportcert', '-rfc', '-alias', 'authority', '-file', authority, ...opened);
  await keytool('-genkeypair', '-alias', 'broker', '-signer', 'authority', ...key, ...forBroker, ...opened);
  // Into a store of its own: a broker has no use for the authority's key.
  const source = ['-srckeystore', authorityStore, '-srcstorepass:env', 'STORE_PASSWORD', '-srcalias', 'broker'];
  const target = ['-destkeystore', keystore, '-deststoretype', 'PKCS12', '-deststorepass:env', 'STORE_PASSWORD'];
  await keytool('-importkeystore', '-noprompt', ...source, ...target);
  return { authority, keystore, password };
};
