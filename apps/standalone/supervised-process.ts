import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { type AppSpec, drain_limit_ms, type FromProcess, type ToProcess } from './protocol.js';
import { PartFailed, RefusedToStart } from './refusal.js';
import { Restarts } from './restarts.js';

const ready_limit_ms = 60_000;

export interface ProcessOptions {
  /** for messages, for example `front` */
  name: string;
  /** the compiled process.ts */
  script: URL;
  apps: AppSpec[];
  /** the process's own environment, without credentials */
  environment: NodeJS.ProcessEnv;
  log: (line: string) => void;
  /** called once, when it has ended too often to be started again */
  onGiveUp: (reason: Error) => void;
  restarts?: Restarts;
}

/** The process that serves now; `ended` resolves with the reason when it is gone. */
interface Run {
  child: ChildProcess;
  ended: Promise<string>;
}

/** One process of the standalone, started again when it crashes. */
export class SupervisedProcess {
  readonly #options: ProcessOptions;
  readonly #restarts: Restarts;
  readonly #stopped = new AbortController();
  #run: Run | undefined;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#restarts = options.restarts ?? new Restarts();
  }

  get pid(): number | undefined {
    return this.#run?.child.pid;
  }

  /**
   * Starts it and resolves when it serves; from then on it is kept running.
   * @throws RefusedToStart when it was configured wrongly
   * @throws PartFailed when it ends before it serves, or does not serve within a minute
   */
  async start(): Promise<void> {
    const ready = await this.#launch();
    void this.#keepRunning(ready);
  }

  /** Leaves it as it is, but does not start it again from now on, whatever ends it. Repeatable. */
  keepDown(): void {
    this.#stopped.abort();
  }

  /** Drains it: 10 s at most, none once `hurry` is aborted, then it is killed. Resolves when it is gone; repeatable. */
  async stop(hurry: AbortSignal): Promise<void> {
    this.keepDown();
    const run = this.#run;
    if (run === undefined) return;
    const { child, ended } = run;
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    if (hurry.aborted || !child.connected) kill();
    else this.#send(child, { type: 'stop' });
    const timer = setTimeout(kill, drain_limit_ms);
    hurry.addEventListener('abort', kill);
    await ended;
    hurry.removeEventListener('abort', kill);
    clearTimeout(timer);
  }

  #send(child: ChildProcess, message: ToProcess): void {
    // A process that ends at this moment cannot be written to; that it ended is heard elsewhere.
    child.send(message, () => undefined);
  }

  /** @returns when it began to serve (ms) */
  async #launch(): Promise<number> {
    const { script, environment, apps, name } = this.#options;
    // Without source maps: the official Stripe client notes a stack for every call, and mapping those costs more than the call's body.
    // kafkajs sets timers that may be due already, which Node takes for 1 ms and would tell of in each process.
    const execArgv = ['--disable-warning=TimeoutNegativeWarning'];
    const child = fork(script, [name], { env: environment, execArgv, stdio: 'inherit' });
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(signal ?? `exit code ${code}`);
      });
      child.once('error', (error) => {
        if (child.pid === undefined) resolve(error.message);
      });
    });
    this.#run = { child, ended };
    this.#send(child, { type: 'start', apps });
    const timer = setTimeout(() => child.kill('SIGKILL'), ready_limit_ms);
    try {
      const answer = await Promise.race([
        new Promise<FromProcess>((resolve) =>
          child.once('message', (message) => {
            resolve(message as FromProcess);
          }),
        ),
        ended,
      ]);
      if (typeof answer === 'string') throw new PartFailed(`${name} ended before it was ready (${answer})`);
      if (answer.type === 'failed') {
        await ended;
        if (answer.refused) throw new RefusedToStart(answer.message);
        throw new PartFailed(answer.message);
      }
      return Date.now();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Bounded by the restarts that are allowed in a row. */
  async #keepRunning(readyAt: number): Promise<void> {
    const { name, log, onGiveUp } = this.#options;
    let servingSince: number | undefined = readyAt;
    let reason = await this.#run?.ended;
    while (!this.#stopped.signal.aborted) {
      const wait_ms = this.#restarts.next(servingSince === undefined ? 0 : Date.now() - servingSince);
      if (wait_ms === undefined) {
        onGiveUp(new PartFailed(`${name} ended ${this.#restarts.limit + 1} times in a row, at last with: ${reason}`));
        return;
      }
      log(`${name} ended (${reason}), starting it again`);
      try {
        await sleep(wait_ms, undefined, { signal: this.#stopped.signal });
        if (this.#stopped.signal.aborted) return;
        servingSince = undefined;
        servingSince = await this.#launch();
        reason = await this.#run?.ended;
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (error instanceof RefusedToStart) {
          onGiveUp(error);
          return;
        }
        reason = (error as Error).message;
      }
    }
  }
}
