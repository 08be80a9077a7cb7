/** A process that writes until it is killed, into the folder that its first argument names, files from the number on that is its second. It says each write that resolved. */
import { createHash } from 'node:crypto';
import { DirectoryStore } from '../directory/directory-store.js';

const [, , folder = '', from = '0'] = process.argv;
const store = new DirectoryStore(folder);
/** Many times what one write of the system takes, so that a kill falls within a file. */
const fileBytes = 3 * 1024 * 1024;

/** A file that says by its first 32 bytes whether it is whole. */
const fileOf = (number: number): Buffer => {
  const body = Buffer.alloc(fileBytes, `file ${String(number)}`);
  return Buffer.concat([createHash('sha256').update(body).digest(), body]);
};

for (let number = Number(from); ; number += 1) {
  const file = fileOf(number);
  const path = `tile/${String(number)}`;
  process.stdout.write(`${await store.create(path, file)} ${path}\n`);
  await store.replace('checkpoint', file);
  process.stdout.write(`replaced ${String(number)}\n`);
}
