import type { Refusal } from '../refusal.js';

interface Aggregate<State, Command, Event> {
  initial: State;
  evolve: (state: State, event: Event) => State;
  decide: (command: Command, state: State) => Event[];
}

/**
 * The sentences in which specs of deciders read: `given(events).when(command).then(events)`, `.thenNothing()` or
 * `.thenRefuses(Rule)`. For specs only.
 */
export const specificationOf = <State, Command, Event>({
  initial,
  evolve,
  decide,
}: Aggregate<State, Command, Event>) => {
  const given = (events: Event[]) => ({
    when: (command: Command) => {
      const run = () => decide(command, events.reduce(evolve, initial));
      return {
        /** The events, field by field: a field left undefined is a field left out. */
        then: (expected: Event[]): void => expect(run()).toEqual(expected),
        thenNothing: (): void => expect(run()).toEqual([]),
        /** Gives back the refusal, for what it says. */
        thenRefuses: (rule: new (...args: never[]) => Refusal): Refusal => refusalOf(run, rule),
      };
    },
  });
  return { given };
};

const refusalOf = (run: () => unknown, rule: new (...args: never[]) => Refusal): Refusal => {
  let refusal: unknown;
  try {
    run();
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(rule);
  return refusal as Refusal;
};
