import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file of the page, as it is served. */
export interface Asset {
  body: Buffer;
  /** Of the header Content-Type. */
  type: string;
}

interface Made extends Asset {
  /** The name that it is served under, which says what is in it: `checkout.<hash>.js`. */
  name: string;
  /** For the attribute `integrity`. */
  integrity: string;
}

/** A browser takes the file if it is this one, and no other. */
const integrityOf = (body: Buffer): string => `sha384-${createHash('sha384').update(body).digest('base64')}`;

const made = (file: string, extension: string, type: string): Made => {
  const body = readFileSync(new URL(file, import.meta.url));
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return { body, type, name: `checkout.${hash}.${extension}`, integrity: integrityOf(body) };
};

// `.cjs`, since the build copies it as it is: what is reviewed, what the inventory of docs/pci names and what is served are the same bytes.
const own = {
  'checkout.js': made('./checkout.cjs', 'js', 'text/javascript; charset=utf-8'),
  'checkout.css': made('./checkout.css', 'css', 'text/css; charset=utf-8'),
  'checkout.svg': made('./checkout.svg', 'svg', 'image/svg+xml'),
};

export type AssetName = keyof typeof own;

/** Every file of the page, by the name that it is served under. A name never has another content. */
export const assets: ReadonlyMap<string, Asset> = new Map(
  Object.values(own).map(({ name, body, type }) => [name, { body, type }]),
);

/** The path that a file is served at. */
export const assetUrl = (name: AssetName): string => `/checkout/assets/${own[name].name}`;

/** What the page says that the file is, so that a browser takes no other (Subresource Integrity). */
export const assetIntegrity = (name: AssetName): string => own[name].integrity;
