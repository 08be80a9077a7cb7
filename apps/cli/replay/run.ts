import type { Writable } from 'node:stream';

import type { ProgressDisplay } from '../progress.js';
import type { Formatter } from './format.js';
import type { ResumeFile } from './resume-file.js';
import type { ReplayQuery, ReplaySource } from './source.js';

export interface Replay {
  source: ReplaySource;
  query: ReplayQuery;
  formatter: Formatter;
  output: Writable;
  progress: Pick<ProgressDisplay, 'update'>;
  resume: ResumeFile | undefined;
  /** Aborts to stop after the page at hand. */
  signal: AbortSignal;
}

export interface Replayed {
  events: number;
  /** `interrupted` by the signal; `closed` by whoever read the output and has seen enough. */
  ended: 'done' | 'interrupted' | 'closed';
  /** The last position of each shard that was handed over, earlier runs included. */
  positions: Map<number, number>;
}

/**
 * Writes the events of a query to `output`, page by page: one is read while the one before is written, and no more is held. A page
 * counts as handed over once the output has taken it; only then does the resume file say so.
 */
export const replay = async ({
  source,
  query,
  formatter,
  output,
  progress,
  resume,
  signal,
}: Replay): Promise<Replayed> => {
  const saved = resume?.read();
  const positions = saved ?? new Map<number, number>();
  const { total } = await source.open(query, positions);
  let events = 0;
  let seen = 0;
  const lastOf = new Map<number, number>();
  if (!saved && formatter.header !== '' && !(await written(output, formatter.header)))
    return { events, ended: 'closed', positions };
  resume?.write(positions); // now, so that a file that cannot be written is known before the work is done
  for await (const { shard, rows, upTo } of source.pages(signal)) {
    let text = '';
    for (const row of rows) text += formatter.line(row);
    if (text !== '' && !(await written(output, text))) return { events, ended: 'closed', positions };
    events += rows.length;
    positions.set(shard, upTo);
    resume?.write(positions);
    seen += Math.max(0, upTo - (lastOf.get(shard) ?? upTo - rows.length));
    lastOf.set(shard, upTo);
    progress.update(Math.min(seen, total), total);
  }
  return { events, ended: signal.aborted ? 'interrupted' : 'done', positions };
};

/** Resolves true once the output has taken the text, false when its reader has gone, as `head` does. */
const written = (output: Writable, text: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (!error) resolve(true);
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') resolve(false);
      else reject(error);
    });
  });
