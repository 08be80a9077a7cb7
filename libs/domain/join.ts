/**
 * State as a join-semilattice: facts may come in any order and any number of times, and the state they end in is the same.
 * Each operation gives back its left operand, the same object, when the right one adds nothing: `===` tells whether
 * a fact changed anything.
 */

/** Of two stages the one further in life; of two equally far, the one that says more: order cannot matter. */
export const further = <S extends { phase: string }>(rank: Readonly<Record<S['phase'], number>>, a: S, b: S): S => {
  const ahead = rank[b.phase as S['phase']] - rank[a.phase as S['phase']];
  if (ahead !== 0) return ahead > 0 ? b : a;
  return fuller(a, b);
};

/** Of two values the one with the longer text; of equally long ones, that which sorts last. */
export const fuller = <T extends object>(a: T, b: T): T => {
  const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)];
  if (textA.length !== textB.length) return textB.length > textA.length ? b : a;
  return textB > textA ? b : a;
};

/** Of two optional texts the one that is there, or the one that sorts last. */
export const known = <T extends string | number>(a: T | undefined, b: T | undefined): T | undefined => {
  if (a === undefined || b === undefined) return a ?? b;
  return b > a ? b : a;
};

/** `map` with `value` joined into `key`. The same map when nothing changed. */
export const joinInto = <T>(
  map: Readonly<Record<string, T>>,
  key: string | number,
  value: T,
  join: (a: T, b: T) => T,
): Readonly<Record<string, T>> => {
  const before = map[key];
  const after = before === undefined ? value : join(before, value);
  return after === before ? map : { ...map, [key]: after };
};

/** `a` with the fields of `changes`. The same object when each field is already so. */
export const changed = <T extends object>(a: T, changes: Partial<T>): T => {
  const keys = Object.keys(changes) as (keyof T)[];
  return keys.every((key) => a[key] === changes[key]) ? a : { ...a, ...changes };
};
