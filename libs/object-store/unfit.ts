import { ConfigurationError } from '#platform/configuration';

/** Raised when a store is not what the settings promise of it. Its message says what to do; trying again changes nothing. */
export class ObjectStoreUnfit extends ConfigurationError {
  readonly code = 'object_store_unfit';
}
