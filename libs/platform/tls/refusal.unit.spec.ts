import { isOfAccess, reasonOf } from './refusal.js';

/** As OpenSSL tells it. */
const told = (error: { code: string; library?: string; reason?: string }) => Object.assign(new Error('told'), error);

describe('why a handshake failed', () => {
  it.each([
    ['by RSA', { code: 'ERR_SSL_FIRST_OCTET_INVALID', library: 'rsa routines', reason: 'first octet invalid' }],
    [
      'by a curve',
      {
        code: 'ERR_SSL_PROVIDER_SIGNATURE_FAILURE',
        library: 'digital envelope routines',
        reason: 'provider signature failure',
      },
    ],
    ['as TLS says it', { code: 'ERR_SSL_BAD_SIGNATURE', library: 'SSL routines', reason: 'bad signature' }],
  ])("is told of a certificate that is somebody else's, whose key the client has not: %s", (_, error) => {
    const reason = reasonOf(told(error), null);
    expect([reason, isOfAccess(reason)]).toEqual(['key_not_proved', true]);
  });

  it.each([
    { code: 'ERR_SSL_UNSUPPORTED_PROTOCOL', library: 'SSL routines', reason: 'unsupported protocol' },
    { code: 'ERR_SSL_HTTP_REQUEST', library: 'SSL routines', reason: 'http request' },
    {
      code: 'ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS',
      library: 'SSL routines',
      reason: 'no shared signature algorithms',
    },
    { code: 'ECONNRESET' },
    { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' },
  ])('is no denial of access: $code', (error) => {
    expect(isOfAccess(reasonOf(told(error), null))).toBe(false);
  });
});
