import { outputOf } from '../judges/child.js';

export const howToInstallSqlmap = 'pip install -r test/requirements.txt';

/** What sqlmap (GPL, installed by pip; no line of it is here) tries, and how it knows that it got through. */
export interface Sqlmap {
  /** Each of its payloads once, in the order of its files, between one of its boundaries; `[ORIGINAL]` stands for a good value. */
  payloads: string[];
  /** How databases complain, as it recognizes them. */
  errors: RegExp[];
}

/** Reads the XML where Python finds the package, and prints it as JSON. */
const program = `
import glob, importlib.util, json, os, xml.etree.ElementTree as xml
data = os.path.join(importlib.util.find_spec('sqlmap').submodule_search_locations[0], 'data', 'xml')
text = lambda node, name: node.findtext(name) or ''
tests = [
  {'payload': text(t, 'request/payload'), 'comment': text(t, 'request/comment'), 'vector': text(t, 'vector'), 'where': text(t, 'where')}
  for f in sorted(glob.glob(os.path.join(data, 'payloads', '*.xml'))) for t in xml.parse(f).getroot().iter('test')]
boundaries = [
  {'prefix': text(b, 'prefix'), 'suffix': text(b, 'suffix')}
  for b in xml.parse(os.path.join(data, 'boundaries.xml')).getroot().iter('boundary')]
errors = [
  e.get('regexp') for d in xml.parse(os.path.join(data, 'errors.xml')).getroot().iter('dbms')
  if d.get('value') == 'PostgreSQL' for e in d.iter('error')]
print(json.dumps({'tests': tests, 'boundaries': boundaries, 'errors': errors}))`;

interface Read {
  tests: { payload: string; comment: string; vector: string; where: string }[];
  boundaries: { prefix: string; suffix: string }[];
  errors: string[];
}

/** How long a payload that gets through makes the database sleep, in seconds: far longer than any answer of ours may take. */
const sleepSeconds = 20;

const values: Record<string, string> = {
  ...{ RANDNUM: '4711', RANDNUM1: '4712', RANDNUM2: '4713', RANDNUM3: '4714', RANDNUM4: '4715', RANDNUM5: '4716' },
  ...{ RANDSTR: 'qzvw', RANDSTR1: 'qzvx', RANDSTR2: 'qzvy', SLEEPTIME: String(sleepSeconds), ORIGVALUE: '[ORIGINAL]' },
  ...{ DELIMITER_START: 'qkzbq', DELIMITER_STOP: 'qvxjq', INFERENCE: '4711=4711', QUERY: 'SELECT version()' },
  ...{
    GENERIC_SQL_COMMENT: '-- -',
    UNION: 'UNION ALL SELECT NULL,NULL,version()',
    CHAR: 'NULL',
    ORIGINAL: '[ORIGINAL]',
  },
  ...{
    SINGLE_QUOTE: "'",
    DOUBLE_QUOTE: '"',
    SPACE_REPLACE: ' ',
    AT_REPLACE: '@',
    HASH_REPLACE: '#',
    DOLLAR_REPLACE: '$',
  },
};
const filled = (text: string): string =>
  text.replaceAll(/\[([A-Z0-9_]+)\]/g, (_, name: string) => values[name] ?? '4711');

/** What sqlmap brings, from the `python3` on PATH; undefined where that has none. */
export const readSqlmap = async (): Promise<Sqlmap | undefined> => {
  const output = await outputOf('python3', ['-c', program]);
  if (output === undefined) return undefined;
  const { tests, boundaries, errors } = JSON.parse(output) as Read;
  const payloads = tests.map(({ payload, comment, vector, where }, at) => {
    const { prefix = '', suffix = '' } = boundaries[at % boundaries.length] ?? {};
    const base = { '1': '[ORIGINAL]', '2': '-4711' }[where] ?? '';
    return filled(`${base}${prefix} ${payload || vector}${comment ? ` ${comment}` : ` ${suffix}`}`);
  });
  return { payloads, errors: errors.map((error) => new RegExp(error, 'i')) };
};
