/**
 * What a reason for something that was done to a tenant, or for a privilege that was used, may be: a ticket or a code of 1 to 64
 * characters, such as `OPS-1234`. It is stored for good and is no place for personal data, so that there is no room for a name and an
 * address: no blank, no `@`. What begins as keys, webhook secrets and tokens do was pasted by mistake.
 */
export const reasonForm = /^(?!sk_|rk_|whsec_|eyJ)[A-Za-z0-9][A-Za-z0-9._:#/-]{0,63}$/;

/** Characters of a reason at most. */
export const maxReason = 64;

/** `reasonForm` in words, for whoever has to write another one. */
export const reasonWords = `a ticket or a code: at most ${maxReason} letters, digits and . _ : # / - without blanks, no secret and no personal data`;
