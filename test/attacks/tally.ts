/** Counts what was tried, and on what. */
export class Tally {
  tried = 0;
  readonly routes = new Set<string>();
  readonly commands = new Set<string>();

  onRoute(route: string): void {
    this.tried += 1;
    this.routes.add(route);
  }

  onCommand(command: string): void {
    this.tried += 1;
    this.commands.add(command);
  }

  get line(): string {
    return `attacks: ${this.tried} tried over ${this.routes.size} routes and ${this.commands.size} commands, none let in`;
  }
}

/** Does `work` on every item, `width` at a time. */
export const spread = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await work(item);
    }),
  );
};
