import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { TestContext } from 'vitest';

/* What a scene needs of the machine. A test that cannot have it says so: `needs.root(skip)`. */

type Skip = TestContext['skip'];

export const isPosix = process.platform !== 'win32';
export const isLinux = process.platform === 'linux';
export const isRoot = isLinux && userInfo().uid === 0;

/** A user that owns nothing. */
export const nobody = 65_534;

/** The interpreter itself, not a shim in front of it; null where there is none. */
export const python = findPython();

export const needs = {
  python: (skip: Skip) => skip(python === null, 'needs python3 on the PATH'),
  root: (skip: Skip) => skip(!isRoot, 'needs root, to run the sidecar as another user'),
  namespaces: (skip: Skip) => skip(!canUnshare(), 'needs unshare(1) and the right to make a network and a mount namespace'),
};

export const hasIpv6 = isLinux && existsSync('/proc/net/if_inet6') && readFileSync('/proc/net/if_inet6', 'utf8') !== '';

function findPython(): string | null {
  const { status, stdout } = spawnSync('python3', ['-c', 'import os, sys; print(os.path.realpath(sys.executable))'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

let unshared: boolean | undefined;
function canUnshare(): boolean {
  unshared ??= isLinux && spawnSync('unshare', ['-n', '-m', 'true']).status === 0;
  return unshared;
}
