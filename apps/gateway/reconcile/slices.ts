export interface Window {
  from: Date;
  to: Date;
}

const hourMs = 3_600_000;
/** Parts that a window is divided into at most. */
const maxSlices = 100;

const sliceMs = ({ from, to }: Window): number =>
  Math.max(hourMs, Math.ceil((to.getTime() - from.getTime()) / maxSlices));

/** In how many parts a window is looked at: an hour each, or more of a long one, so that no listing is endless and progress shows. */
export const sliceCount = (window: Window): number =>
  Math.max(1, Math.ceil((window.to.getTime() - window.from.getTime()) / sliceMs(window)));

/** A part of the window, counted from 0, the oldest first. Neighbours share the instant between them. */
export const sliceOf = (window: Window, slice: number): Window => {
  const begin = window.from.getTime() + slice * sliceMs(window);
  return { from: new Date(begin), to: new Date(Math.min(begin + sliceMs(window), window.to.getTime())) };
};
