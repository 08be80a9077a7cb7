/** The API version that the pinned client speaks and events are written in. */
export const API_VERSION = '2026-10-28.endive';
