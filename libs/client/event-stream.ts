/** One block of an event stream. `id` is that of this very block: a block without data but with an id is a heartbeat. */
export interface Block {
  /** `message` unless told. */
  event: string;
  data: string | undefined;
  id: string | undefined;
}

const lineEnd = /\r\n|\n|\r(?!$)/;

/**
 * Takes parts of an event stream, gives the blocks that they complete (HTML, section 9.2.6: lines end with LF, CR or CRLF, a blank line ends
 * a block, `data` can come several times, what is unknown is ignored). Written here because the blocks that a general parser leaves out, those without
 * data, are the ones that say how far a quiet log was looked at.
 */
export const eventStreamParser = (): ((part: string) => Block[]) => {
  let rest = '';
  let fields = new Map<string, string>();
  const take = (line: string): Block | undefined => {
    if (line === '') {
      const block = blockOf(fields);
      fields = new Map();
      return block;
    }
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    const before = fields.get(name);
    fields.set(name, name === 'data' && before !== undefined ? `${before}\n${value}` : value);
    return undefined;
  };
  return (part) => {
    const lines = (rest + part).split(lineEnd); // a CR at the very end may be half of a CRLF
    rest = lines.pop() ?? '';
    return lines.flatMap((line) => take(line) ?? []);
  };
};

const blockOf = (fields: ReadonlyMap<string, string>): Block | undefined => {
  const [data, id] = [fields.get('data'), fields.get('id')];
  return data === undefined && id === undefined ? undefined : { event: fields.get('event') ?? 'message', data, id };
};
