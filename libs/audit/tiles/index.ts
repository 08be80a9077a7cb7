export { formatBundle, maxEntryBytes, parseBundle } from './entry-bundle.js';
export { readBundle, readTile } from './log-files.js';
export type { LogFile, LogFiles } from './log-files.js';
export { checkpointPath, fullWidth, levelsOf, parseTilePath, tileHeight, tilePath, widthIn } from './path.js';
export type { TilePlace } from './path.js';
export { TileNodes } from './tile-nodes.js';
export { TiledLog } from './tiled-log.js';
