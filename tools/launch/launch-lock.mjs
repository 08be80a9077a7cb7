import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

import { LaunchError, path, say } from './project.mjs';

/*
 * One launch at a time installs or builds. The lock is a folder, whose making is atomic, with its owner's process numbers
 * in it; the owner touches it every second. It is stale when its processes are gone; where they cannot be seen (another
 * machine or container on the same folder), when it has not been touched for a while.
 */
const beat_ms = 1_000;
const silent_ms = 15_000;
const patience_ms = 20 * 60_000;

const folder = () => path('.cache', 'launch.lock');
const ownerFile = () => path('.cache', 'launch.lock', 'owner.json');

const readOwner = () => {
  try {
    return JSON.parse(readFileSync(ownerFile(), 'utf8'));
  } catch {
    return undefined; // just made or just removed
  }
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const isStale = (owner) => {
  let touched_ms;
  try {
    touched_ms = statSync(folder()).mtimeMs;
  } catch {
    return false; // gone: the next attempt to make it will tell
  }
  if (owner?.host === hostname()) return !owner.pids.some(isAlive);
  return Date.now() - touched_ms > silent_ms;
};

/** Renamed before it is removed, so that of several who find it stale only one removes it. */
const removeStale = () => {
  const aside = `${folder()}.stale-${process.pid}`;
  try {
    renameSync(folder(), aside);
    rmSync(aside, { recursive: true, force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
};

const tryMake = () => {
  try {
    mkdirSync(folder());
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
};

/**
 * Runs `work` while no other launch of this project does the same. `work` is given a function that names another process
 * that works for us, so that the lock outlives us with it. Throws LaunchError after 20 minutes of waiting.
 */
export const whileLocked = async (work) => {
  mkdirSync(path('.cache'), { recursive: true });
  const began = Date.now();
  let told = false;
  while (!tryMake()) {
    const owner = readOwner();
    if (isStale(owner)) {
      removeStale();
      continue;
    }
    if (!told) say(`waiting for another launch (process ${owner?.pids[0] ?? '?'}) that installs or builds here`);
    told = true;
    if (Date.now() - began > patience_ms)
      throw new LaunchError(`another launch holds ${folder()}; remove it if that one is gone`);
    await sleep(200);
  }

  const owner = { host: hostname(), pids: [process.pid] };
  const write = () => writeFileSync(ownerFile(), JSON.stringify(owner));
  const release = () => rmSync(folder(), { recursive: true, force: true });
  write();
  const beat = setInterval(() => {
    try {
      utimesSync(folder(), new Date(), new Date());
    } catch {
      // Removed by hand: nothing to keep alive.
    }
  }, beat_ms);
  process.once('exit', release);
  try {
    return await work((pid) => {
      owner.pids.push(pid);
      write();
    });
  } finally {
    clearInterval(beat);
    process.removeListener('exit', release);
    release();
  }
};
