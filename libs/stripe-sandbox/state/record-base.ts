/** What every record has. */
export interface RecordBase {
  id: string;
  created: number;
  /** The connected account it belongs to; absent for the platform's own. */
  account?: string;
}

export type Metadata = Record<string, string>;
