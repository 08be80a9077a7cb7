export { RebuildMoved } from './beside.js';
export { RebuildFailed } from './catch-up.js';
export { abortRebuild, RebuildOutdated, rebuildReadModels, RebuildRunning, withoutRebuildOfBooks } from './rebuild.js';
export type { RebuildOptions, RebuildPools, Step } from './rebuild.js';
export { SwapBlocked } from './swap.js';
