import type { TreeHead } from '#audit';
import {
  Malformed,
  ProofRefused,
  TileNodes,
  consistencyProof,
  parseCheckpoint,
  parseNote,
  verifyConsistency,
} from '#audit';
import type { ObjectStore } from '#object-store';

import type { CheckpointAnchor } from '../ports.js';
import { unlessChanged } from '../sealing/unless-changed.js';
import { SealingStopped } from '../stopped.js';
import { assertNothingFollows } from './nothing-follows.js';
import { unlessForked } from './unless-forked.js';

/**
 * Holds the tree against the newest checkpoint of every anchor, before anything is signed. Who signed that checkpoint does not matter: one that
 * the tree extends harms nobody, and one that it does not extend is for a person to look at, whoever made it. Throws SealingStopped
 * (not_an_extension; file_changed where a file is lost that would show it), Overtaken where another anchor goes on
 * meanwhile, and what an anchor throws that cannot tell just now.
 */
export const assertExtendsAnchors = async (
  store: ObjectStore,
  head: TreeHead,
  origin: string,
  anchors: readonly CheckpointAnchor[],
): Promise<void> => {
  for (const anchor of anchors) {
    const refuse = refusalOf(anchor);
    const note = await unlessForked(() => anchor.newest()).catch((error: unknown) => {
      if (error instanceof Malformed) throw refuse(error.message, { cause: error });
      throw error;
    });
    if (note !== undefined) await assertExtends(store, head, origin, note, refuse);
  }
};

type Refusal = (why: string, options?: ErrorOptions) => SealingStopped;

const refusalOf =
  ({ name }: CheckpointAnchor): Refusal =>
  (why, options) =>
    new SealingStopped(
      'not_an_extension',
      `${name} keeps a checkpoint that the log does not extend: ${why}. Nothing is sealed any more; see docs/operations/audit-log.md`,
      options,
    );

const assertExtends = async (
  store: ObjectStore,
  head: TreeHead,
  origin: string,
  note: string,
  refuse: Refusal,
): Promise<void> => {
  try {
    const kept = parseCheckpoint(parseNote(note).text);
    if (kept.origin !== origin) throw refuse(`it is of ${kept.origin}, and this log is ${origin}`);
    if (kept.size > head.size) await assertNothingFollows(store, head);
    if (kept.size > head.size) throw refuse(`it has ${kept.size} leaves, and the log has ${head.size}`);
    const proof =
      kept.size === head.size
        ? []
        : await unlessChanged(() => consistencyProof(new TileNodes(store, head.size), kept.size, head.size));
    verifyConsistency(kept, head, proof);
  } catch (error) {
    if (error instanceof ProofRefused || error instanceof Malformed) throw refuse(error.message, { cause: error });
    throw error;
  }
};
