/** A script that a page asks the browser to run. */
export interface ScriptTag {
  /** As it is written; undefined for a script that stands in the page itself. */
  src: string | undefined;
  integrity: string | undefined;
  nonce: string | undefined;
}

export interface Scan {
  scripts: ScriptTag[];
  /** What else could run a script, or change where one comes from. */
  others: string[];
}

interface Tag {
  name: string;
  attributes: ReadonlyMap<string, string>;
}

const comments = /<!--[\s\S]*?(?:-->|$)/g;
const startTags = /<([a-z][a-z0-9-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi;
const attributesOfTag = /([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};
const embedding: ReadonlySet<string> = new Set(['base', 'iframe', 'frame', 'object', 'embed', 'applet', 'portal']);

/** Finds in the HTML of a page whatever is or could become a script. Where HTML is unclear it finds more rather than less. */
export const scanPage = (text: string): Scan => {
  const tags = tagsOf(text);
  return {
    scripts: tags.filter(isScript).map(({ name, attributes }) => ({
      src: attributes.get(name === 'link' ? 'href' : 'src'),
      integrity: attributes.get('integrity'),
      nonce: attributes.get('nonce'),
    })),
    others: tags.flatMap(otherWays),
  };
};

const tagsOf = (text: string): Tag[] =>
  [...text.replace(comments, '').matchAll(startTags)].map(([, name = '', inside = '']) => ({
    name: name.toLowerCase(),
    attributes: new Map(
      [...inside.matchAll(attributesOfTag)].map(([, key = '', double, single, bare]) => [
        key.toLowerCase(),
        decoded(double ?? single ?? bare ?? ''),
      ]),
    ),
  }));

const decoded = (text: string): string => text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? '');

const isScript = ({ name, attributes }: Tag): boolean =>
  name === 'script' ||
  (name === 'link' && (attributes.get('rel') === 'modulepreload' || attributes.get('as') === 'script'));

const otherWays = ({ name, attributes }: Tag): string[] => [
  ...(embedding.has(name) ? [`<${name}> stands in the page`] : []),
  ...(name === 'meta' && attributes.has('http-equiv') ? ['<meta http-equiv> stands in the page'] : []),
  ...[...attributes].flatMap(([key, value]) => [
    ...(/^on[a-z]+$/.test(key) ? [`<${name}> has a handler of its own, ${key}`] : []),
    ...(/^\s*(?:javascript|vbscript):/i.test(value) ? [`<${name}> has a script for an address, in ${key}`] : []),
    ...(key === 'srcdoc' ? [`<${name}> holds a page, in srcdoc`] : []),
  ]),
];
