import type { Opening } from '../entries/index.js';
import { entryOf } from '../entries/index.js';
import { sameHash } from '../merkle/index.js';
import type { Leaf, WrongLeaf } from './verify-log.js';

/** Where the events of leaves are: a folder, a route, a database. What comes out of it is believed only once it is verified. */
export interface LeafOpenings {
  /** Those of the leaves `first` to `first + count - 1` that there are, by index. Asked for in the order of leaves, 256 at most. */
  of(first: number, count: number): Promise<ReadonlyMap<number, Opening>>;
}

export interface OpenedLeavesOptions {
  /** Whether a leaf without an opening is a finding. Default false: it is counted. */
  all?: boolean;
  /** What is wrong with an event that its leaf does commit to, undefined for nothing: whether its bytes tell the same place. */
  read?: (event: Uint8Array, place: { shard: number; position: number }) => string | undefined;
}

/** Holds each leaf against its event, as far as openings are at hand, and counts. */
export class OpenedLeaves {
  #opened = 0;
  #closed = 0;
  #firstClosed: Leaf | undefined;

  constructor(
    private readonly openings: LeafOpenings,
    private readonly options: OpenedLeavesOptions = {},
  ) {}

  /** Leaves that are the commitments to their events. */
  get opened(): number {
    return this.#opened;
  }

  /** Leaves whose events were not at hand, and the first of them. */
  get closed(): { count: number; first: Leaf | undefined } {
    return { count: this.#closed, first: this.#firstClosed };
  }

  /** What `verifyLog` asks for, leaf after leaf. */
  readonly examine = async (leaves: readonly Leaf[]): Promise<WrongLeaf | undefined> => {
    const [first] = leaves;
    if (!first) return undefined;
    const openings = await this.openings.of(first.index, leaves.length);
    for (const leaf of leaves) {
      const wrong = this.#wrong(leaf, openings.get(leaf.index));
      if (wrong) return wrong;
    }
    return undefined;
  };

  #wrong(leaf: Leaf, opening: Opening | undefined): WrongLeaf | undefined {
    const { shard, position, commitment } = leaf.entry;
    const event = `the event at position ${String(position)} of shard ${String(shard)}`;
    if (!opening) {
      this.#closed += 1;
      this.#firstClosed ??= leaf;
      return this.options.all ? { leaf, kind: 'event_missing', reason: `${event} is not at hand` } : undefined;
    }
    if (opening.shard !== shard || opening.position !== position) {
      return {
        leaf,
        reason: `its opening is of position ${String(opening.position)} of shard ${String(opening.shard)}`,
      };
    }
    if (!sameHash(entryOf(opening).commitment, commitment)) {
      return { leaf, reason: `${event} is not the one that was sealed: it was changed since, or its salt is another` };
    }
    const reason = this.options.read?.(opening.event, { shard, position });
    if (reason !== undefined) return { leaf, reason: `${event} ${reason}` };
    this.#opened += 1;
    return undefined;
  }
}
