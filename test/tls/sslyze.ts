import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const howToInstall = 'pip install -r test/requirements.txt';

/** What sslyze found out about a server, as far as specs look at it. */
export interface Findings {
  connectivity: string;
  highestVersion: string;
  clientAuth: string;
  /** By the name of the scan: the cipher suites that were accepted. */
  accepted: Record<string, string[]>;
  /** Known weaknesses that it has, and those it could not be asked about. */
  weaknesses: Record<string, boolean | 'not asked'>;
}

export interface ClientFiles {
  certificate: string;
  key: string;
}

const scans = ['ssl_2_0', 'ssl_3_0', 'tls_1_0', 'tls_1_1', 'tls_1_2', 'tls_1_3'] as const;

/** Whether sslyze is on PATH. */
export const sslyzeInstalled = async (): Promise<boolean> => (await run(['--help'])).code === 0;

/** Lets sslyze look at the server at `address` (`host:port`), as a client that shows a certificate where it is given one. */
export const sslyze = async (address: string, client?: ClientFiles): Promise<Findings> => {
  const directory = await mkdtemp(join(tmpdir(), 'billing-sslyze-'));
  const file = join(directory, 'findings.json');
  try {
    const shown = client ? ['--cert', client.certificate, '--key', client.key] : [];
    const asked = ['--sslv2', '--sslv3', '--tlsv1', '--tlsv1_1', '--tlsv1_2', '--tlsv1_3', '--heartbleed'];
    const more = [
      '--compression',
      '--reneg',
      '--openssl_ccs',
      '--robot',
      '--early_data',
      '--mozilla_config',
      'disable',
    ];
    const { report } = await run([...asked, ...more, ...shown, '--json_out', file, address]);
    const text = await readFile(file, 'utf8').catch(() => {
      throw new Error(`sslyze made no report:\n${report}`);
    });
    return findingsOf(JSON.parse(text) as Report);
  } finally {
    await rm(directory, { recursive: true });
  }
};

interface Attempt<T> {
  status: string;
  result: T | null;
}

interface CipherSuites {
  accepted_cipher_suites: { cipher_suite: { name: string } }[];
}

interface Report {
  server_scan_results: {
    connectivity_status: string;
    connectivity_result: { highest_tls_version_supported: string; client_auth_requirement: string } | null;
    scan_result:
      | (Record<`${(typeof scans)[number]}_cipher_suites`, Attempt<CipherSuites>> & {
          heartbleed: Attempt<{ is_vulnerable_to_heartbleed: boolean }>;
          openssl_ccs_injection: Attempt<{ is_vulnerable_to_ccs_injection: boolean }>;
          tls_compression: Attempt<{ supports_compression: boolean }>;
          session_renegotiation: Attempt<{ is_vulnerable_to_client_renegotiation_dos: boolean }>;
          tls_1_3_early_data: Attempt<{ supports_early_data: boolean }>;
        })
      | null;
  }[];
}

const notAsked = 'not asked';

const findingsOf = ({ server_scan_results: [server] }: Report): Findings => {
  const found = server?.scan_result;
  if (!server || !found) throw new Error(`sslyze could not scan: ${server?.connectivity_status}`);
  const weaknesses: Findings['weaknesses'] = {
    heartbleed: found.heartbleed.result?.is_vulnerable_to_heartbleed ?? notAsked,
    ccs_injection: found.openssl_ccs_injection.result?.is_vulnerable_to_ccs_injection ?? notAsked,
    compression: found.tls_compression.result?.supports_compression ?? notAsked,
    renegotiation: found.session_renegotiation.result?.is_vulnerable_to_client_renegotiation_dos ?? notAsked,
    early_data: found.tls_1_3_early_data.result?.supports_early_data ?? notAsked,
  };
  return {
    connectivity: server.connectivity_status,
    highestVersion: server.connectivity_result?.highest_tls_version_supported ?? '',
    clientAuth: server.connectivity_result?.client_auth_requirement ?? '',
    accepted: Object.fromEntries(
      scans.map((scan) => {
        const suites = found[`${scan}_cipher_suites`].result?.accepted_cipher_suites;
        return [scan, suites?.map(({ cipher_suite: { name } }) => name).sort() ?? ['not scanned']];
      }),
    ),
    weaknesses,
  };
};

const run = (args: readonly string[]): Promise<{ code: number; report: string }> =>
  new Promise((resolve) => {
    execFile('sslyze', args, { maxBuffer: 16 * 1_024 * 1_024, timeout: 110_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, report: `${stdout}${stderr}` });
    });
  });
