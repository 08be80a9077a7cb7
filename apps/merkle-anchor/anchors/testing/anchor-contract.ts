import { createHash } from 'node:crypto';

import type { TreeHead } from '#audit';
import { formatCheckpoint, signNote } from '#audit';
import { ecdsaSigner, signerOf } from '#audit/testing';

import type { CheckpointAnchor } from '../../ports.js';

export const origin = 'audit.example.com/billing';
const signer = signerOf(origin, 1);
/** Signs the same otherwise each time. */
const again = ecdsaSigner(origin);

/** A tree of that size; another `tree` has another root. */
export const headOf = (size: number, tree = 'ours'): TreeHead => ({
  size,
  root: createHash('sha256')
    .update(`${tree} ${String(size)}`)
    .digest(),
});

export const signedHead = (head: TreeHead, signers = [signer], of = origin): Promise<string> =>
  signNote(formatCheckpoint({ origin: of, ...head, extensions: [] }), signers);

/** What every anchor does. `open`: a new process on the same empty place. */
export const itKeepsCheckpoints = (open: () => CheckpointAnchor): void => {
  const keep = async (anchor: CheckpointAnchor, size: number, tree?: string): Promise<string> => {
    const head = headOf(size, tree);
    const note = await signedHead(head);
    await anchor.keep(head, note);
    return note;
  };

  it('keeps nothing at first, and then the newest checkpoint, for whoever comes next', async () => {
    const anchor = open();
    expect(await anchor.newest()).toBeUndefined();
    for (const size of [1, 999, 1_000, 70_001]) {
      const note = await keep(anchor, size);
      expect(await anchor.newest()).toBe(note);
      expect(await open().newest()).toBe(note);
    }
  });

  it('takes the same tree again, under whichever signatures, and another of that size never', async () => {
    const anchor = open();
    const note = await keep(anchor, 40);
    await anchor.keep(headOf(40), await signedHead(headOf(40), [signer, again]));
    expect(await open().newest()).toBe(note);
    for (const each of [anchor, open()]) {
      await expect(keep(each, 40, 'another')).rejects.toMatchObject({ code: 'anchored_fork', size: 40 });
    }
    expect(await open().newest()).toBe(note);
  });
};
