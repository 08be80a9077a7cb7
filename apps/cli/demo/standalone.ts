import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../standalone/main.js', import.meta.url));
const startLimitMs = 120_000;

/** A standalone that lives for one demo. */
export interface DemoStandalone {
  url: string;
  dataDirectory: string;
  stop(): Promise<void>;
}

/** What would make it somebody else's: their database, their Stripe, their topics and audit log, which hold one database's log, and their listeners. */
const others =
  /^(DATABASE_URL|STRIPE_API_BASE|STRIPE_API_KEY|KAFKA_.*|HOST|WEBHOOK_HOST|SERVICE_PORT|TRUSTED_PROXIES|TLS_.*|AUDIT_.*)$/;

/** Starts a standalone of its own, on free ports and a data directory that goes with it. Throws with its output when it does not come up. */
export const startDemoStandalone = async (environment: NodeJS.ProcessEnv): Promise<DemoStandalone> => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billing-demo-'));
  const [port, webhookPort, sandboxPort] = await freePorts(3);
  const kept = Object.fromEntries(Object.entries(environment).filter(([name]) => !others.test(name)));
  const child = spawn(process.execPath, [program], {
    env: {
      ...kept,
      BILLING_ENV: 'development',
      BILLING_DATA_DIR: dataDirectory,
      PORT: String(port),
      WEBHOOK_PORT: String(webhookPort),
      SANDBOX_PORT: String(sandboxPort),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await exited;
    }
    await rm(dataDirectory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + startLimitMs;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the standalone did not start:\n${output.join('').slice(-2_000)}`);
    }
    await sleep(100);
  }
  return { url, dataDirectory, stop };
};

const isReady = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
};

/** Ports that nobody listens on now; all held at once, so that they differ. */
const freePorts = async (count: number): Promise<number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
};
