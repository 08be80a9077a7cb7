/**
 * The call was definitely not executed (rate limit, key in use, nobody listens): the same key again, after a while. Of an earlier sending
 * this says nothing. A reason that begins with `api_key_` is about the API key that it was sent with, and not about the call.
 * `sick` tells that the processor as a whole does not answer, and not only this call.
 */
export class ProcessorUnavailable extends Error {
  constructor(
    readonly reason: string,
    readonly options: { sick: boolean; retryAfterMs?: number; requestId?: string },
  ) {
    super(`the processor did not execute the call (${reason}); send it again with the same key`);
  }
}

/**
 * Nobody knows whether the call was executed (time-out, broken connection, 5xx): the same key again, and when the processor
 * has forgotten the key, look. `stored` tells that the processor answers this key from memory: sending again is no news.
 */
export class OutcomeUnknown extends Error {
  constructor(
    readonly reason: string,
    readonly options: { stored: boolean; requestId?: string },
  ) {
    super(`the processor's answer is not known (${reason}); send the call again with the same key, or look it up`);
  }
}

/** A look-up that the processor refused: our request is wrong, and sending it again will not help. */
export class LookupRefused extends Error {
  constructor(
    readonly code: string,
    readonly requestId?: string,
  ) {
    super(`the processor refused a look-up (${code}); the request has to be corrected`);
  }
}
