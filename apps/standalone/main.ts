import { standalone } from './program.js';

process.exit(await standalone());
