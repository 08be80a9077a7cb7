import { isInstant, isUuid } from './forms.js';

/** The place in a list after which the next page begins. */
export interface Place {
  /** RFC 3339, exactly as the row has it. */
  createdAt: string;
  id: string;
}

/** Raised for a cursor that this list did not give out. */
export class InvalidCursor extends Error {
  constructor() {
    super('the cursor is not one that this list gave out; begin again without a cursor');
    this.name = 'InvalidCursor';
  }
}

const version = 1;
const maxLength = 500;

/** An opaque cursor: base64url JSON that names its version and its list. It grants nothing: every page is read as its tenant. */
export const encodeCursor = (list: string, { createdAt, id }: Place): string =>
  Buffer.from(JSON.stringify([version, list, createdAt, id])).toString('base64url');

/** The place a cursor of `list` stands for. Throws InvalidCursor for anything that `encodeCursor` did not make. */
export const decodeCursor = (list: string, cursor: string): Place => {
  const parts = parse(cursor);
  if (!Array.isArray(parts) || parts.length !== 4) throw new InvalidCursor();
  const [ofVersion, ofList, createdAt, id] = parts as unknown[];
  if (ofVersion !== version || ofList !== list || typeof createdAt !== 'string' || typeof id !== 'string') {
    throw new InvalidCursor();
  }
  if (!isInstant(createdAt) || !isUuid(id)) throw new InvalidCursor();
  // base64url has several spellings of one text; only ours is taken.
  if (encodeCursor(list, { createdAt, id }) !== cursor) throw new InvalidCursor();
  return { createdAt, id };
};

const parse = (cursor: string): unknown => {
  if (cursor.length > maxLength) throw new InvalidCursor();
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new InvalidCursor();
  }
};
