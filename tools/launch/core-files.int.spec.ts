import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const limits = '/proc/self/limits';
/** A program that runs another one as `npm start` does, and that one tells its own limit. */
const launcher = `
import { runProgram } from '${pathToFileURL(resolve('tools/launch/run.mjs')).href}';
const told = "process.stdout.write(/^Max core file size +(.*?) +bytes/m.exec(require('fs').readFileSync('${limits}', 'utf8'))[1])";
process.exit(await runProgram(['-e', told + ';process.exit(9)']));`;

/** As a system does that lets every process leave a core file. */
const withCoreFiles = 'ulimit -c unlimited 2>/dev/null; exec "$0" "$@"';

describe('a program that was launched', () => {
  (existsSync(limits) ? it : it.skip)('leaves no core file, and neither does what it starts', async () => {
    const ran = await new Promise<{ code: unknown; out: string }>((done) => {
      const args = ['-c', withCoreFiles, process.execPath, '--input-type=module', '-e', launcher];
      execFile('/bin/sh', args, { env: { PATH: process.env.PATH } }, (error, out) => {
        done({ code: error?.code, out: out.replace(/ +/g, ' ') });
      });
    });
    expect(ran).toEqual({ code: 9, out: '0 0' }); // soft and hard: nobody below may raise it again
  });
});
