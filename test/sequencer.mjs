import Sequencer from '@jest/test-sequencer';

/** Takes minutes: begun last, as its size would have it, it would run alone at the end. */
const longest = /\/test\/chaos\//;

/** jest's own order, the longest of the last run first; where nobody knows how long they take, at least the longest. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((a, b) => Number(longest.test(b.path)) - Number(longest.test(a.path)));
  }
}
