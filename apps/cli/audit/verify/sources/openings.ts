/** Openings of leaves, which their owner and auditors have: one JSON object a line, `{"index":<leaf>,"opening":{...}}`, in the order of leaves. */
import { join } from 'node:path';

import canonicalize from 'canonicalize';
import type { LeafOpenings, Opening } from '#audit';
import { Malformed, formatOpening, fullWidth, parseOpening, tilePath } from '#audit';

import { CouldNotTell } from '../outcome.js';
import { readBounded } from './log-sources.js';
import type { BoundedWeb } from './web.js';

/** Of one file, or one answer: 256 openings of events of 1 MB. */
const maxBytes = 256_000_000;
/** Openings that are asked for at once. */
const pageLimit = 1_000;

export interface OpenedLeaf {
  index: number;
  opening: Opening;
}

/** One line, without its end. */
export const openingLine = ({ index, opening }: OpenedLeaf): string =>
  `{"index":${String(index)},"opening":${Buffer.from(formatOpening(opening)).toString()}}`;

const openedLeafOf = (line: string, trouble: string): OpenedLeaf => {
  try {
    const parsed = JSON.parse(line) as { index?: unknown; opening?: unknown } | null;
    const { index, opening } = parsed ?? {};
    if (!Number.isSafeInteger(index) || typeof opening !== 'object') throw new Malformed('line', 'it has another form');
    const opened = { index: index as number, opening: parseOpening(Buffer.from(canonicalize(opening) ?? '')) };
    // A member that comes twice makes it longer; the order of members and space between them are free.
    if (line.replaceAll(/\s/g, '').length !== openingLine(opened).length)
      throw new Malformed('line', 'it says something twice, or has another form');
    return opened;
  } catch (error) {
    if (!(error instanceof Malformed || error instanceof SyntaxError)) throw error;
    throw new CouldNotTell(`${trouble}: ${error.message}`, { cause: error });
  }
};

/** Throws CouldNotTell, naming `where`, for what is no line of an opening, and for lines that are not in the order of leaves. */
export const openingsIn = (text: string, where: string): OpenedLeaf[] => {
  const lines = text.split('\n').filter((line) => line !== '');
  const openings = lines.map((line, at) =>
    openedLeafOf(line, `line ${String(at + 1)} of ${where} is no opening of a leaf`),
  );
  const unordered = openings.findIndex(({ index }, at) => index <= (openings[at - 1]?.index ?? -1));
  if (unordered === -1) return openings;
  throw new CouldNotTell(`line ${String(unordered + 1)} of ${where} is not in the order of leaves`);
};

/** The file of the openings of the leaves of one bundle, below their folder: `000.ndjson`, `x001/234.ndjson`. */
export const openingsPath = (bundle: number): string => {
  const path = tilePath({ level: 'entries', index: bundle, width: fullWidth });
  return `${path.slice('tile/entries/'.length)}.ndjson`;
};

/** Openings in a folder, as `billing audit export --openings` writes them. */
export const openingsInFolder = (folder: string): LeafOpenings => ({
  of: async (first) => {
    const path = join(folder, openingsPath(Math.floor(first / fullWidth)));
    const bytes = await readBounded(path, maxBytes);
    const openings = openingsIn(Buffer.from(bytes ?? []).toString(), path);
    return new Map(openings.map(({ index, opening }) => [index, opening]));
  },
});

/** Openings that the api gives to their owner, page by page; asked for in the order of leaves. */
export class OpeningsOnWeb implements LeafOpenings {
  #page: OpenedLeaf[] = [];
  #after = -1;
  #ended = false;

  constructor(
    private readonly web: BoundedWeb,
    private readonly prefix: URL,
  ) {}

  async of(first: number, count: number): Promise<ReadonlyMap<number, Opening>> {
    const end = first + count;
    const found = new Map<number, Opening>();
    for (;;) {
      const beyond = this.#page.findIndex(({ index }) => index >= end);
      const taken = this.#page.splice(0, beyond === -1 ? this.#page.length : beyond);
      for (const { index, opening } of taken) found.set(index, opening);
      if (beyond !== -1 || this.#ended) return found;
      await this.#turn();
    }
  }

  async #turn(): Promise<void> {
    const url = new URL('openings', this.prefix);
    url.searchParams.set('limit', String(pageLimit));
    if (this.#after >= 0) url.searchParams.set('after', String(this.#after));
    const found = await this.web.get(url, maxBytes);
    if (!found) throw new CouldNotTell(`${url.href} is not there: this log gives no openings`);
    this.#page = openingsIn(Buffer.from(found.bytes).toString(), url.href);
    const [upTo, size] = ['billing-leaf', 'billing-tree-size'].map((name) => Number(found.headers.get(name) ?? NaN));
    const last = Number.isSafeInteger(upTo) ? Number(upTo) : (this.#page.at(-1)?.index ?? this.#after);
    // A page may be empty on the way: the leaves of others were looked through.
    this.#ended = last <= this.#after || last >= Number(size) - 1;
    if ((this.#page[0]?.index ?? Infinity) <= this.#after)
      throw new CouldNotTell(`${url.href} repeats what it gave before`);
    this.#after = last;
  }
}
