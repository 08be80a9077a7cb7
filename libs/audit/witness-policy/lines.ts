/** The lines of a policy file, without what is empty or a comment. */
import { Malformed } from '../errors.js';
import { fromUtf8 } from '../strict-text.js';

export interface PolicyLine {
  /** From 1. */
  line: number;
  items: readonly string[];
}

const maxBytes = 64 * 1_024;

/** The mistake of a line, with what to write instead. */
export const mistake = (line: number, reason: string): Malformed =>
  new Malformed('witness policy', `line ${String(line)}: ${reason}`);

// Tab and newline are the only control characters.
// eslint-disable-next-line no-control-regex -- they are what is looked for
const controlCharacter = /[\u0000-\u0008\u000b-\u001f\u007f]/;

/** Throws Malformed for more than 64 KiB, for what is not UTF-8 and for control characters. */
export const policyLines = (policy: Uint8Array | string): PolicyLine[] => {
  const bytes = typeof policy === 'string' ? Buffer.from(policy) : policy;
  if (bytes.length > maxBytes) throw new Malformed('witness policy', 'it has more than 64 KiB');
  const lines = fromUtf8(bytes, 'witness policy').split('\n');
  return lines.flatMap((text, at) => {
    const line = at + 1;
    if (text.includes('\r')) throw mistake(line, 'it has a carriage return; end lines with a newline alone');
    if (controlCharacter.test(text))
      throw mistake(line, 'it has a control character; divide words with spaces or tabs');
    const items = text.split(/[ \t]+/).filter((item) => item !== '');
    return items.length === 0 || items[0]?.startsWith('#') ? [] : [{ line, items }];
  });
};
