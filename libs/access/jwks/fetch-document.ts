/** Far more than the keys of any issuer with their certificates, and far less than would hurt. */
const maxDocumentBytes = 262_144;

/** The document cannot be had. The message is made of our own words, of no part of what was answered. */
export class DocumentUnavailable extends Error {}

/**
 * Gets a JSON document that others publish: within `timeoutMs`, 256 KiB at most, from that very address (a redirect is refused: whoever
 * can answer one could name another's keys). Throws DocumentUnavailable.
 */
export const fetchDocument = async (url: URL, timeoutMs: number): Promise<unknown> => {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'application/jwk-set+json, application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return JSON.parse(await textOf(response)) as unknown;
  } catch (cause) {
    if (cause instanceof DocumentUnavailable) throw cause;
    throw new DocumentUnavailable(reasonOf(cause as Error), { cause });
  }
};

const textOf = async (response: Response): Promise<string> => {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new DocumentUnavailable(
      response.status >= 300 && response.status < 400 ? 'it redirects' : `it answers ${response.status}`,
    );
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [text, bytes] = ['', 0];
  // Counted as it comes, and after it was unpacked: a length that is announced, or packed, is only a promise.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxDocumentBytes) throw new DocumentUnavailable(`it is larger than ${maxDocumentBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
};

const reasonOf = ({ name, cause }: Error): string => {
  if (name === 'TimeoutError') return 'it takes too long';
  if (name === 'SyntaxError') return 'it is no JSON';
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'it cannot be read';
};
