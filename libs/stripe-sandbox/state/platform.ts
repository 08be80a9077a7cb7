/** Whose sandbox it is. */
export const PLATFORM_ACCOUNT = 'acct_3PlatformOfTheSandbox';
