const maxBytes = 2_048;
const form = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]+)+$/;

/**
 * Whether a text is the SPIFFE id of a workload, `spiffe://trust-domain/path`: lower-case trust domain, a path of letters, digits, dots,
 * dashes and underscores, no port, query, `.` or `..`, 2,048 bytes at most (SPIFFE-ID 2, 2.3; a leaf's path is never empty, X509-SVID 4.3).
 */
export const isSpiffeId = (text: string): boolean =>
  text.length <= maxBytes && form.test(text) && !/\/\.{1,2}(?:\/|$)/.test(text.slice('spiffe://'.length));
