/** What differs between the API versions that this release reads, in the objects and fields that it uses. */
export interface ApiVersion {
  /** Where a payment intent has its charge: a list with the newest first, until 2022-11-15; since then the last one's id. */
  charge: 'charges' | 'latest_charge';
}

const versions: readonly { matches: RegExp; version: ApiVersion }[] = [
  { matches: /^2020-08-27$/, version: { charge: 'charges' } },
  // The months of a named release differ by additions only (docs.stripe.com/api/versioning): a word that is new in one of them
  // is not known here, and sets the event aside.
  { matches: /^\d{4}-\d{2}-\d{2}\.(acacia|basil|endive)$/, version: { charge: 'latest_charge' } },
];

/** How events of an API version are read; undefined for a version that this release does not know. */
export const versionOf = (apiVersion: string): ApiVersion | undefined =>
  versions.find(({ matches }) => matches.test(apiVersion))?.version;
