/**
 * Servers that speak AWS KMS's API, each on a free port of loopback. moto is there everywhere; LocalEmu refuses most like AWS; ministack
 * alone has Ed25519. Each is looked for in .cache/python-NAME, where CI installs them, apart since they disagree about botocore, and on PATH.
 */
import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { outputOf, startChild } from '../judges/child.js';
import { freePorts } from '../kafka/ports.js';

export type EmulatorName = 'moto' | 'moto-s3' | 'ministack' | 'localemu';

export interface Emulator {
  endpoint: string;
  close(): Promise<void>;
}

interface Program {
  command: string;
  /** Its folder is .cache/python-FOLDER: its name by default. */
  folder?: string;
  install: string;
  /** What is started: `path` is where the command was found. */
  launch: (path: string, port: number) => { file: string; args: string[]; environment: NodeJS.ProcessEnv };
  /** Whether CI goes on without it. */
  optional?: boolean;
  /** Python that has to run in the folder of the command, or it is as good as not there. */
  needs?: string;
}

/** It listens on every address, whatever it is told. */
const onLoopback = `
import runpy, sys
from twisted.internet.posixbase import PosixReactorBase
listen = PosixReactorBase.listenTCP
def on_loopback(self, port, factory, backlog=50, interface=''):
    return listen(self, port, factory, backlog, '127.0.0.1')
PosixReactorBase.listenTCP = on_loopback
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')`;

/** moto looks whether a key is there and then writes it, and S3 does both at once: without this no writer would ever lose a race. */
const putsOneAtATime = `
import threading
from moto.s3.responses import S3Response
from moto.server import main
put, one_at_a_time = S3Response.put_object, threading.Lock()
def put_alone(self):
    with one_at_a_time:
        return put(self)
S3Response.put_object = put_alone
main()`;

const programs: Readonly<Record<EmulatorName, Program>> = {
  moto: {
    command: 'moto_server',
    install: "pip install 'moto[server]==5.2.5'",
    launch: (file, port) => ({ file, args: ['-H', '127.0.0.1', '-p', String(port)], environment: {} }),
  },
  'moto-s3': {
    command: 'moto_server',
    folder: 'moto',
    install: "pip install 'moto[server]==5.2.5'",
    launch: (path, port) => ({
      file: join(dirname(path), 'python3'),
      args: ['-c', putsOneAtATime, '-H', '127.0.0.1', '-p', String(port)],
      environment: {},
    }),
  },
  ministack: {
    command: 'ministack',
    install: 'pip install ministack==1.5.33 cryptography, in a venv of its own',
    launch: (file, port) => ({
      file,
      args: [],
      environment: { BIND_HOST: '127.0.0.1', GATEWAY_PORT: String(port), SERVICES: 'kms', IOT_MTLS_ENABLED: '0' },
    }),
  },
  localemu: {
    command: 'localemu',
    install: 'pip install localemu==1.3.2, in a venv of its own with a Python of 3.13 or more',
    launch: (path, port) => ({
      file: join(dirname(path), 'python'),
      args: ['-c', onLoopback, path, 'start', '--host', '127.0.0.1', '--port', String(port)],
      environment: { SERVICES: 'kms' },
    }),
    optional: true,
    // Its pages say 3.12, where its KMS fails at the first call.
    needs: 'from warnings import deprecated',
  },
};

const root = new URL('../../', import.meta.url).pathname;

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

const pathOf = async (name: EmulatorName): Promise<string | undefined> => {
  const { command, folder: own = name, needs } = programs[name];
  const folders = [join(root, '.cache', `python-${own}`, 'bin'), ...(process.env.PATH ?? '').split(delimiter)];
  for (const folder of folders) {
    if (folder === '' || !(await isExecutable(join(folder, command)))) continue;
    if (needs === undefined || (await outputOf(join(folder, 'python'), ['-c', needs])) !== undefined)
      return join(folder, command);
  }
  return undefined;
};

/** `describe`, or `describe.skip` with one line where the emulator is not there; in CI that fails, but for one that is optional. */
export const describeWith = async (name: EmulatorName): Promise<typeof describe.skip> => {
  const { command, install, optional } = programs[name];
  if ((await pathOf(name)) !== undefined) return describe;
  const missing = `${command} is not on PATH; install it with: ${install}`;
  if (process.env.CI && !optional) throw new Error(missing);
  process.stderr.write(`skipped: ${missing}\n`);
  return describe.skip;
};

/** Starts it, with a home of its own for what it writes. */
export const startEmulator = async (name: EmulatorName): Promise<Emulator> => {
  const { command, install, launch } = programs[name];
  const path = await pathOf(name);
  if (path === undefined) throw new Error(`${command} is not on PATH; install it with: ${install}`);
  const home = await mkdtemp(join(tmpdir(), `${name}-`));
  const [port = 0] = await freePorts(1);
  const { file, args, environment } = launch(path, port);
  const stop = await startChild(file, args, port, home, environment);
  return {
    endpoint: `http://127.0.0.1:${String(port)}`,
    close: async () => {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
};
