export { ecdsaSigner, signerOf, witnessOf } from './keys.js';
export type { Witness } from './keys.js';
export { MemoryLogFiles } from './memory-log-files.js';
export { publishLog, sampleEntries, signHead } from './sample-log.js';
