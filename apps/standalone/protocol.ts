/** One app of a process: a module that exports `start` (see {@link AppModule}), and the environment it is given. */
export interface AppSpec {
  name: string;
  /** a file: URL */
  entry: string;
  environment: NodeJS.ProcessEnv;
}

/** What the entry module of each app exports. `start` resolves when the app serves; `close` drains it. */
export interface AppModule {
  start(environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }>;
}

/** From the supervisor to a process. Environments come this way, not on the command line or in the process's own environment. */
export type ToProcess = { type: 'start'; apps: AppSpec[] } | { type: 'stop' };

/** From a process to the supervisor. `refused`: a restart would fail in the same way. */
export type FromProcess = { type: 'ready' } | { type: 'failed'; message: string; refused: boolean };

/** How long a process has to drain before it is killed. */
export const drain_limit_ms = 10_000;
