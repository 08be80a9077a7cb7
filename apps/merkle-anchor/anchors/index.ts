export { AnchoredFork } from './anchored-fork.js';
export { anchorsBesideLog } from './beside-the-log.js';
export { LookBack } from './look-back.js';
export { ObjectStoreAnchor } from './object-store-anchor.js';
export { TopicAnchor } from './topic-anchor.js';
export type { TopicAnchorOptions } from './topic-anchor.js';
