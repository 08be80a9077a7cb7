const rememberMs = 1_000;

/** `ask`, but one at a time and no more than one a second, however many want to know: they get the answer that there is. */
export const onceASecond = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let last: { answer: Promise<T>; until: number } | undefined;
  return () => {
    if (last && Date.now() < last.until) return last.answer;
    const asked = { answer: ask(), until: Infinity };
    const settled = (): void => {
      asked.until = Date.now() + rememberMs;
    };
    asked.answer.then(settled, settled);
    last = asked;
    return asked.answer;
  };
};
