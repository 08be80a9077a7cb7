import { jest } from '@jest/globals';
import { PassThrough } from 'node:stream';

import { showProgress } from './progress.js';

let now = 0;
const clock = (): number => now;
beforeEach(() => {
  now = 0;
});

/** A stream and what was written to it so far. */
const output = (isTTY: boolean) => {
  const chunks: string[] = [];
  const stream = new PassThrough({ encoding: 'utf8' }).on('data', (chunk: string) => chunks.push(chunk));
  const terminal = { isTTY, columns: 120, cursorTo: () => true, clearLine: () => true };
  return { stream: Object.assign(stream, terminal), text: () => chunks.join('') };
};

/** As terminals are told to show the cursor (DECTCEM). */
const shownCursor = '\u001b[?25h';

describe('the progress of a long task', () => {
  it('is a line every five seconds where there is no terminal: how far, how fast since this run began, how long still', () => {
    const { stream, text } = output(false);
    const display = showProgress('events', stream, clock);
    display.say('folding ...');
    display.update(400_000, 1_000_000); // an earlier run did those
    now = 4_000;
    display.update(450_000, 1_000_000);
    expect(text()).toBe('folding ...\n');
    now = 5_000;
    display.update(500_000, 1_000_000);
    now = 6_000;
    display.update(550_000, 1_000_000);
    display.stop();
    expect(text()).toBe('folding ...\n  500,000 of 1,000,000 events, 20,000/s, 25 s left\n');
  });

  it('is a bar on a terminal', () => {
    const { stream, text } = output(true);
    const display = showProgress('events', stream, clock);
    display.update(0, 1_000);
    now = 2_000;
    display.update(500, 1_000);
    display.stop();
    expect(text()).toContain('50% | 500 of 1,000 events | 250/s | 2 s left');
  });

  it('is no bar any more once somebody presses Ctrl-C, which ends the task unless that has its own way to end', () => {
    const others = process.listeners('SIGINT');
    process.removeAllListeners('SIGINT');
    const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
    const { stream, text } = output(true);
    const display = showProgress('events', stream, clock);
    const interrupted = jest.fn();
    try {
      process.once('SIGINT', interrupted);
      display.update(0, 1_000);
      process.emit('SIGINT', 'SIGINT');
      expect([interrupted.mock.calls.length, kill.mock.calls]).toEqual([1, []]);
      expect(text()).toContain(shownCursor);
      display.update(500, 1_000);
      process.emit('SIGINT', 'SIGINT');
      expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
      expect(text().lastIndexOf(shownCursor)).toBeGreaterThan(text().lastIndexOf('500 of 1,000'));
      display.stop();
      expect(process.listenerCount('SIGINT')).toBe(0);
    } finally {
      kill.mockRestore();
      for (const other of others) process.on('SIGINT', other);
    }
  });
});
