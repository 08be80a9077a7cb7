/** What a read model holds of one object: the folded value and the stream version it stands at (the ETag). */
export interface Versioned<T> {
  version: number;
  value: T;
}

/** One page of a list, newest first. `nextCursor` is null on the last one. */
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/** What every list takes. */
export interface PageRequest {
  /** 1 to 100; 20 when absent. */
  limit?: number;
  /** A `nextCursor` of the same list. */
  cursor?: string;
}

export const defaultLimit = 20;
export const maxLimit = 100;

/** Raised for a limit that is no integer from 1 to 100. */
export class InvalidLimit extends Error {
  constructor() {
    super(`limit must be an integer from 1 to ${maxLimit}`);
    this.name = 'InvalidLimit';
  }
}

/** The limit asked for, or 20. Throws InvalidLimit. */
export const limitOf = ({ limit = defaultLimit }: PageRequest): number => {
  if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit) throw new InvalidLimit();
  return limit;
};
