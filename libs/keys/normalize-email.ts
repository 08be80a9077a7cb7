/**
 * The form in which two spellings of one email address are equal: NFKC, without space around it, lower case. Only for
 * comparison (the blind index); what the person wrote is what is sealed.
 */
export const normalizeEmail = (email: string): string => email.normalize('NFKC').toLowerCase().normalize('NFKC').trim();
