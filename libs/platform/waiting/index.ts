export { Pause } from './pause.js';
export { Rounds } from './rounds.js';
export { within } from './within.js';
