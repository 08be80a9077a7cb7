export { keyHistoryStream, keyReceiptPath, keyReceiptPrefix, maxKeyEvents, platformTenant } from './places.js';
export { parseKeyEvent } from './key-event.js';
export type { KeyEvent } from './key-event.js';
export { parseKeyReceipt } from './key-receipt.js';
export { followHistory, followKeyHistory, identityOf, verifyKeyHistory } from './follow.js';
export type { FollowedHistory, FollowedReceipt, TrustedKey } from './follow.js';
export { historyOfLog, keysOfLog } from './own-word.js';
export { readKeyReceipts } from './read-receipts.js';
