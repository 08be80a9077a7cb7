/** An app for the specs of the supervisor that only runs. SPEC_END_AFTER_MS makes it end by itself; 0, before it serves. With SPEC_TELL_CLOSE set it says when it is closed. */
export const start = (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const { SPEC_END_AFTER_MS } = environment;
  if (SPEC_END_AFTER_MS === '0') process.exit(5);
  if (SPEC_END_AFTER_MS) setTimeout(() => process.exit(5), Number(SPEC_END_AFTER_MS));
  return Promise.resolve({
    close: () => {
      if (environment.SPEC_TELL_CLOSE) console.log('idle app closed');
      return Promise.resolve();
    },
  });
};
