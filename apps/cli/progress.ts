import { SingleBar } from 'cli-progress';

/** Shows how far a long task is. */
export interface ProgressDisplay {
  /** `done` of `total`, both counted from the task's very beginning, even where an earlier run did a part of it. */
  update(done: number, total: number): void;
  /** Begins a part of the task that cannot say how far it is. */
  say(what: string): void;
  /** Ends the display; the last state stays on the screen. */
  stop(): void;
}

type Output = NodeJS.WritableStream & { isTTY?: boolean };
/** Milliseconds since some time that does not change. */
type Clock = () => number;

const lineEveryMs = 5_000;
const number = new Intl.NumberFormat('en');

const seconds = (value: number): string => {
  const whole = Math.ceil(value);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};

/** How fast it goes since the first update, and how long it takes at that pace. */
class Pace {
  readonly #began: number;

  constructor(
    readonly from: number,
    readonly clock: Clock,
  ) {
    this.#began = clock();
  }

  describe(done: number, total: number): { rate: string; left: string } {
    const perSecond = ((done - this.from) * 1_000) / Math.max(1, this.clock() - this.#began);
    const left = perSecond > 0 ? seconds(Math.max(0, total - done) / perSecond) : '?';
    return { rate: number.format(Math.round(perSecond)), left };
  }
}

/** A bar on a terminal, else a line every five seconds, so that a log shows it too. For standard error: results go elsewhere. */
export const showProgress = (
  unit: string,
  output: Output = process.stderr,
  clock: Clock = () => performance.now(),
): ProgressDisplay => (output.isTTY ? barOn : linesOn)(output, unit, clock);

/**
 * Shows how far something is that a process elsewhere does, as long as `watch` looks at it. Whoever interrupts is told `farewell` and leaves with
 * exit code 130: what they watched goes on.
 */
export const watching = async <T>(
  unit: string,
  farewell: string,
  watch: (display: ProgressDisplay) => Promise<T>,
): Promise<T> => {
  const display = showProgress(unit);
  const leave = () => {
    display.stop();
    console.error(farewell);
    process.exit(130);
  };
  process.once('SIGINT', leave);
  try {
    return await watch(display);
  } finally {
    display.stop();
    process.off('SIGINT', leave);
  }
};

/** Says what is news, once. */
export const sayingOnce = (display: ProgressDisplay): ((what: string) => void) => {
  const said = new Set<string>();
  return (what) => {
    if (said.has(what)) return;
    said.add(what);
    display.say(what);
  };
};

/** What ends a process unless somebody listens; the cursor of the terminal is shown again before that. */
const interruptions = ['SIGINT', 'SIGTERM'] as const;

const barOn = (output: Output, unit: string, clock: Clock): ProgressDisplay => {
  let bar: SingleBar | undefined;
  let pace: Pace | undefined;
  const stop = (): void => {
    for (const signal of interruptions) process.off(signal, leave);
    bar?.stop();
    bar = undefined;
  };
  // The bar's own listener would end the bar, and the task would go on.
  const leave = (signal: NodeJS.Signals): void => {
    stop();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  return {
    update: (done, total) => {
      pace ??= new Pace(done, clock);
      const payload = pace.describe(done, total);
      if (!bar) {
        const format = `  {bar} {percentage}% | {value} of {total} ${unit} | {rate}/s | {left} left`;
        const looks = { format, formatValue, hideCursor: true, barsize: 30, fps: 4 };
        bar = new SingleBar({ ...looks, stream: output, gracefulExit: false });
        // Before those who do something else then: whether there are any is asked while they are still there.
        for (const signal of interruptions) process.prependListener(signal, leave);
        bar.start(total, done, payload);
      }
      bar.setTotal(total);
      bar.update(done, payload);
    },
    say: (what) => {
      stop();
      output.write(`${what}\n`);
    },
    stop,
  };
};

const formatValue = (value: number, _options: unknown, type: string): string =>
  type === 'value' || type === 'total' ? number.format(value) : String(value);

const linesOn = (output: Output, unit: string, clock: Clock): ProgressDisplay => {
  let pace: Pace | undefined;
  let saidAt = clock();
  return {
    update: (done, total) => {
      pace ??= new Pace(done, clock);
      if (clock() - saidAt < lineEveryMs) return;
      saidAt = clock();
      const { rate, left } = pace.describe(done, total);
      output.write(`  ${number.format(done)} of ${number.format(total)} ${unit}, ${rate}/s, ${left} left\n`);
    },
    say: (what) => {
      output.write(`${what}\n`);
    },
    stop: () => undefined,
  };
};
