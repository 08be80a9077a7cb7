import type { TreeHead } from '#audit';
import { interleavingPath } from '#audit-log';
import type { ObjectStore } from '#object-store';

import { unlessChanged } from '../sealing/unless-changed.js';
import { Overtaken } from '../stopped.js';

/**
 * Asked before somebody who is ahead of us is taken for a fork. Throws Overtaken where the log has a step that follows this head: then another anchor
 * of ours went on, though neither of us may know that the lease has changed hands. Who is ahead without such a step is not us.
 * Throws SealingStopped (file_changed) for a step that is no file of the log.
 */
export const assertNothingFollows = async (store: Pick<ObjectStore, 'read'>, { size }: TreeHead): Promise<void> => {
  if (await unlessChanged(() => store.read(interleavingPath(size))))
    throw new Overtaken(`another anchor has decided what follows ${size} leaves; its decision is adopted`);
};
