export { Listeners } from './listeners.js';
export type { ListenersOptions, Served } from './listeners.js';
export { issueCertificate, readIssued } from './issue.js';
export type { CertificateRequest, Issued } from './issue.js';
export { addressOf, peerOf } from './peer.js';
export type { AccessRefusal } from './refusal-record.js';
