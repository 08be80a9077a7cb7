/** Raised for a missing or wrong setting. The message is one line that names the variable and says what it takes. */
export class ConfigurationError extends Error {}
