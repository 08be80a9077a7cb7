/** RFC 3339 of Unix seconds. */
export const instant = (seconds: number): string => new Date(seconds * 1_000).toISOString();
