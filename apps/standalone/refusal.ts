import { ConfigurationError } from '#platform/configuration';

/**
 * A start that cannot go on because of something the reader has to change: a taken port, a folder without access, data in
 * use. Like every ConfigurationError, `message` is one line that says what is wrong and what to do, and the exit code 78.
 */
export class RefusedToStart extends ConfigurationError {}

/**
 * A part of the standalone that cannot be started or kept running. `message` says which and why, in one line; what it had
 * to say itself has been printed already.
 */
export class PartFailed extends Error {}
