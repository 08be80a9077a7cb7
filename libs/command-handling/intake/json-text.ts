import { InvalidInput } from './invalid-input.js';

/** Deeper than any request of ours, and far from where recursion over it would end the stack. */
const maxDepth = 16;
const token = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** Names that every JavaScript object answers to; no request has a field of that name. */
const reserved = new Set(['prototype', ...Object.getOwnPropertyNames(Object.prototype)]);

/**
 * What is wrong with a valid JSON text that no parser says: a name twice in one object, of which readers take the first or the
 * last as they please (RFC 7493 section 2.3), half of a surrogate pair (section 2.1), a reserved name, or nesting that only serves
 * to exhaust a reader.
 */
export const wholeJsonProblem = (json: string): InvalidInput | undefined => {
  /** The names of each object that is open; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let text = '';
  let field = 'body';
  for (const [found] of json.matchAll(token)) {
    if (found === '{' || found === '[') open.push(found === '{' ? new Set() : undefined);
    else if (found === '}' || found === ']') open.pop();
    else if (found !== ':') {
      text = found.includes('\\') ? (JSON.parse(found) as string) : found.slice(1, -1);
      if (!text.isWellFormed()) return refused('malformed_json', field, 'the body has half of a surrogate pair');
    } else {
      const names = open.at(-1);
      if (reserved.has(text))
        return refused('unknown_field', text, `${text} is not a field of this request; remove it`);
      if (names?.has(text)) return refused('duplicate_field', text, 'the body has a field twice; send it once');
      names?.add(text);
      field = text;
    }
    if (open.length > maxDepth)
      return refused('malformed_json', 'body', `the body nests deeper than ${maxDepth} levels`);
  }
  return undefined;
};

const refused = (code: string, field: string, message: string) =>
  new InvalidInput('invalid', code, message, field.slice(0, 100));
