/** Which leaves the hashes of a tree and of its proofs cover. Whole numbers to 2^53 - 1, so no bit operations: they end at 2^31. */

/** The leaves `begin` to `end - 1`. */
export interface LeafRange {
  begin: number;
  end: number;
}

/** A perfect subtree: the leaves `index * 2^level` to `(index + 1) * 2^level - 1`. */
export interface NodePlace {
  level: number;
  index: number;
}

/** RFC 6962's k: the largest power of two smaller than `leaves`, which is 2 or more. */
export const splitOf = (leaves: number): number => {
  let k = 1;
  while (k * 2 < leaves) k *= 2;
  return k;
};

/** The perfect subtrees that make up a range of a tree, from left to right. `begin` is where a subtree of such a range begins. */
export const perfectNodes = ({ begin, end }: LeafRange): NodePlace[] => {
  const places: NodePlace[] = [];
  for (let at = begin; at < end;) {
    let [level, width] = [0, 1];
    while (at % (width * 2) === 0 && at + width * 2 <= end) [level, width] = [level + 1, width * 2];
    places.push({ level, index: at / width });
    at += width;
  }
  return places;
};

/** PATH(index, D[size]) of RFC 6962, section 2.1.1: what each hash of an inclusion proof covers, from the leaf's sibling up. */
export const inclusionRanges = (index: number, size: number): LeafRange[] => {
  const path: LeafRange[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    if (index < middle) {
      path.push({ begin: middle, end });
      end = middle;
    } else {
      path.push({ begin, end: middle });
      begin = middle;
    }
  }
  return path.reverse();
};

/** PROOF(older, D[newer]) of RFC 6962, section 2.1.2: what each hash of a consistency proof covers. 0 < older <= newer. */
export const consistencyRanges = (older: number, newer: number): LeafRange[] => {
  const path: LeafRange[] = [];
  let [begin, end] = [0, newer];
  while (end !== older) {
    const middle = begin + splitOf(end - begin);
    if (older <= middle) {
      path.push({ begin: middle, end });
      end = middle;
    } else {
      path.push({ begin, end: middle });
      begin = middle;
    }
  }
  if (begin > 0) path.push({ begin, end });
  return path.reverse();
};
