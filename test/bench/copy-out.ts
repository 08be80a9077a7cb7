import type { Connection, Submittable } from 'pg';
import pg from 'pg';

/** `COPY ... TO STDOUT` through the driver: what remains of `psql \copy` where there is no psql. */
class CopyOut implements Submittable {
  bytes = 0;
  readonly done: Promise<void>;
  #end!: (error?: Error) => void;

  constructor(readonly text: string) {
    this.done = new Promise((resolve, reject) => {
      this.#end = (error) => {
        if (error) reject(error);
        else resolve();
      };
    });
  }

  submit(connection: Connection): void {
    connection.query(this.text);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.bytes += chunk.length;
  }

  handleError(error: Error): void {
    this.#end(error);
  }

  handleReadyForQuery(): void {
    this.#end();
  }

  handleCommandComplete(): void {
    // the end is when the server is ready again
  }
}

/** Runs `copy (query) to stdout` and drops what comes. Gives how many bytes came. */
export const copyOut = async (url: string, query: string): Promise<number> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const copy = client.query(new CopyOut(`copy (${query}) to stdout`));
    await copy.done;
    return copy.bytes;
  } finally {
    await client.end();
  }
};
