import type { ShardMonth } from '#retention';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

/** Which months of which shards a use is about; all of them where nothing is named. */
export type Months = Partial<ShardMonth>;

const monthOf = (text: string): string => {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('a month is YYYY-MM, such as 2019-01');
  return text;
};
const shardOf = (text: string): number => {
  if (!/^(\d|1[0-5])$/.test(text)) throw new InvalidArgumentError('a shard is a number from 0 to 15');
  return Number(text);
};

/** Adds `--month` and `--shard` to a command. */
export const takingMonths = (command: Command): Command =>
  command
    .option('--month <YYYY-MM>', 'that month (UTC) alone', monthOf)
    .option('--shard <number>', 'that shard (0 to 15) alone', shardOf);

export const isAmong =
  ({ month, shard }: Months) =>
  (one: ShardMonth): boolean =>
    (month === undefined || one.month === month) && (shard === undefined || one.shard === shard);

/** Such as `2019-01 of shard 3`. */
export const wordsOf = ({ month, shard }: Months): string =>
  [month ?? 'any month', ...(shard === undefined ? [] : [`of shard ${shard}`])].join(' ');
