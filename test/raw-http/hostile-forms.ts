/** A request that no honest client sends, and what answers it: one status, after which the connection is closed. */
export interface HostileForm {
  name: string;
  bytes: string;
  status: number;
  /** Of the problem document. */
  code: string;
}

const lines = (...parts: string[]): string => `${parts.join('\r\n')}\r\n\r\n`;

const malformed = 'malformed_request';

/** A second request, hidden in the first: were it ever read as one, it would be answered too. */
const hidden = 'GET /healthz HTTP/1.1\r\nHost: hidden\r\n\r\n';

/** Headers of which a request has one: who asks, what for, and how its body is read must not depend on which of two is taken. */
const doubled: readonly [header: string, one: string, other: string][] = [
  ['Authorization', 'Bearer one', 'Bearer other'],
  ['Content-Type', 'application/json', 'text/plain'],
  ['Idempotency-Key', 'one', 'other'],
  ['Billing-Tenant', '11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'],
  ['Billing-Reason', 'OPS-1', 'OPS-2'],
  ['Billing-Min-Position', '0:1', '0:2'],
  ['Last-Event-ID', '0:1', '0:2'],
];

/**
 * Request smuggling (RFC 9112, section 11.2), header injection and overlong forms, as a POST to `path`. What two readers could read
 * in two ways is refused, never guessed at.
 */
export const hostileForms = (path: string): HostileForm[] => {
  const post = (name: string, headers: readonly string[], body: string): HostileForm => ({
    name,
    bytes: lines(`POST ${path} HTTP/1.1`, 'Host: a', 'Content-Type: application/json', ...headers) + body,
    status: 400,
    code: malformed,
  });
  const chunked = `0\r\n\r\n${hidden}`;
  return [
    post('Content-Length and Transfer-Encoding', ['Content-Length: 4', 'Transfer-Encoding: chunked'], chunked),
    post('Transfer-Encoding and Content-Length', ['Transfer-Encoding: chunked', 'Content-Length: 4'], chunked),
    post('two lengths', ['Content-Length: 0', `Content-Length: ${hidden.length}`], hidden),
    post('the same length twice', ['Content-Length: 0', 'Content-Length: 0'], hidden),
    post('a list of lengths', [`Content-Length: 0, ${hidden.length}`], hidden),
    post('a length with a sign', ['Content-Length: +2'], '{}'),
    post('a negative length', ['Content-Length: -1'], '{}'),
    post('a length in hexadecimal', ['Content-Length: 0x2'], '{}'),
    post('a length beyond every integer', ['Content-Length: 99999999999999999999'], '{}'),
    post('a length with a space within', ['Content-Length: 1 0'], '{}'),
    post('a space before the colon', ['Transfer-Encoding : chunked'], chunked),
    post('a coding that is not chunked', ['Transfer-Encoding: xchunked'], chunked),
    post('a coding after chunked', ['Transfer-Encoding: chunked, identity'], chunked),
    post('chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], chunked),
    post('a folded header', ['X-Folded: one', ' two', 'Content-Length: 2'], '{}'),
    post('a folded coding', ['Transfer-Encoding:', ' chunked'], chunked),
    post('a bare line feed', ['X-A: b\nTransfer-Encoding: chunked'], chunked),
    post('a bare carriage return', ['X-A: b\rTransfer-Encoding: chunked'], chunked),
    post('a null byte', ['X-A: b\0c', 'Content-Length: 2'], '{}'),
    post('a name with a space', ['X A: b', 'Content-Length: 2'], '{}'),
    post('a header without a name', [': b', 'Content-Length: 2'], '{}'),
    post('a chunk with a size that is none', ['Transfer-Encoding: chunked'], `g\r\n\r\n${hidden}`),
    post('a chunk with a size beyond every integer', ['Transfer-Encoding: chunked'], `ffffffffffffffffff\r\n{}\r\n`),
    post('a chunk that is longer than it says', ['Transfer-Encoding: chunked'], `1\r\n{}\r\n${chunked}`),
    post('a chunk that ends in a bare line feed', ['Transfer-Encoding: chunked'], `2\n{}\r\n${chunked}`),
    post('two hosts', ['Host: b', 'Content-Length: 2', 'Connection: close'], '{}'),
    ...doubled.map(([header, one, other]) => ({
      name: `two ${header}`,
      bytes: `${lines(`POST ${path} HTTP/1.1`, 'Host: a', 'Content-Length: 2', 'Connection: close', `${header}: ${one}`, `${header.toLowerCase()}: ${other}`)}{}`,
      status: 400,
      code: malformed,
    })),
    { name: 'no host', bytes: lines(`GET ${path} HTTP/1.1`, 'X-A: b'), status: 400, code: malformed },
    {
      name: 'HTTP of a version to come',
      bytes: lines(`GET ${path} HTTP/3.7`, 'Host: a'),
      status: 400,
      code: malformed,
    },
    { name: 'HTTP/0.9', bytes: `GET ${path}\r\n\r\n`, status: 400, code: malformed },
    { name: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 400, code: malformed },
    { name: 'TLS', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', status: 400, code: malformed },
    {
      name: 'a proxy line',
      bytes: `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`,
      status: 400,
      code: malformed,
    },
    {
      name: 'too many headers',
      bytes: lines(
        `GET ${path} HTTP/1.1`,
        'Host: a',
        'Connection: close',
        ...Array.from({ length: 101 }, (_, at) => `X-${at}: b`),
      ),
      status: 431,
      code: 'too_many_headers',
    },
    {
      name: 'more headers than Node keeps, each as short as can be',
      bytes: lines(
        `GET ${path} HTTP/1.1`,
        'Host: a',
        'Connection: close',
        ...Array.from({ length: 2_100 }, () => 'a:b'),
      ),
      status: 431,
      code: 'headers_too_large',
    },
    {
      name: 'headers of 17 KiB',
      bytes: lines(`GET ${path} HTTP/1.1`, 'Host: a', `X: ${'x'.repeat(17_000)}`),
      status: 431,
      code: 'headers_too_large',
    },
    {
      name: 'a URL of 9,000 characters',
      bytes: lines(`GET ${path}?${'x'.repeat(9_000)} HTTP/1.1`, 'Host: a', 'Connection: close'),
      status: 414,
      code: 'url_too_long',
    },
    {
      name: 'a URL of 20,000 characters',
      bytes: lines(`GET /${'x'.repeat(20_000)} HTTP/1.1`, 'Host: a'),
      status: 431,
      code: 'headers_too_large',
    },
  ];
};
