import { kmsFaultOf } from './kms-fault.js';

const key = 'arn:aws:kms:eu-central-1:1:key/k';
const errorOf = (name: string, message: string, httpStatusCode: number | undefined): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

describe('what the KMS has opened before', () => {
  it.each([
    ['AccessDeniedException', 'is not authorized to perform: kms:Decrypt', 'denied'],
    ['DisabledException', `${key} is disabled.`, 'disabled'],
    ['NotFoundException', `Key '${key}' does not exist`, 'denied'],
    ['InvalidKeyUsageException', `${key} key usage is SIGN_VERIFY`, 'denied'],
    ['KMSInvalidStateException', `${key} is disabled.`, 'disabled'],
    ['KMSInvalidStateException', `${key} is pending deletion.`, 'pending_deletion'],
    ['KMSInvalidStateException', `${key} is PendingDeletion`, 'pending_deletion'],
    ['KMSInvalidStateException', `${key} is pending replica deletion.`, 'pending_deletion'],
  ])('is taken away by %s: %s', (name, message, trouble) => {
    expect(kmsFaultOf(errorOf(name, message, 400))).toMatchObject({ saidNo: true, trouble, again: false });
  });

  it.each([
    ['KMSInvalidStateException', `${key} is unavailable.`, 400, 'unreachable'],
    ['KMSInvalidStateException', `${key} is Updating`, 400, 'unreachable'],
    ['KMSInvalidStateException', `${key} is creating.`, 400, 'unreachable'],
    ['KMSInvalidStateException', `${key} is pending import.`, 400, 'disabled'],
    ['IDPCommunicationError', 'no answer of the provider', 400, 'unreachable'],
    ['IDPCommunicationErrorException', 'no answer of the provider', 400, 'unreachable'],
    ['InvalidIdentityToken', 'no key of the provider', 400, 'denied'],
    ['InvalidIdentityTokenException', 'no key of the provider', 400, 'denied'],
    ['IDPRejectedClaim', 'rejected', 403, 'denied'],
    ['IDPRejectedClaimException', 'rejected', 403, 'denied'],
    ['UnrecognizedClientException', 'The security token included in the request is invalid.', 400, 'denied'],
    ['InvalidClientTokenId', 'invalid', 403, 'denied'],
    ['AccessDenied', 'is not authorized to perform: sts:AssumeRoleWithWebIdentity', 403, 'denied'],
    ['ExpiredToken', 'expired', 400, 'denied'],
    ['ExpiredTokenException', 'expired', 400, 'denied'],
    ['InvalidSignatureException', 'Signature expired', 400, 'denied'],
    ['RequestExpired', 'expired', 400, 'denied'],
    ['CredentialsProviderError', 'none', undefined, 'denied'],
    ['TokenProviderError', 'none', undefined, 'denied'],
    ['ThrottlingException', 'Rate exceeded', 400, 'throttled'],
    ['DependencyTimeoutException', 'timed out', 500, 'timeout'],
    ['KeyUnavailableException', 'try again', 500, 'unreachable'],
    ['AccessDeniedException', 'of no KMS', 503, 'unreachable'],
    ['SomethingNewException', 'new', 400, 'denied'],
    ['ECONNREFUSED', 'refused', undefined, 'unreachable'],
  ])('stays with %s: %s', (name, message, status, trouble) => {
    expect(kmsFaultOf(errorOf(name, message, status))).toMatchObject({ saidNo: false, trouble });
  });
});
