/** What it takes to build the native addon, and what to say when it is not there. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exists } from './run.mjs';

const REMEDIES = {
  linux: [
    ['/etc/debian_version', '`apt-get install build-essential python3`'],
    ['/etc/fedora-release', '`dnf install gcc-c++ make python3`'],
    ['/etc/redhat-release', '`dnf install gcc-c++ make python3`'],
    ['/etc/alpine-release', '`apk add build-base python3 linux-headers`'],
    ['/etc/arch-release', '`pacman -S base-devel python`'],
  ],
  darwin: '`xcode-select --install`',
  win32: '`winget install Microsoft.VisualStudio.2022.BuildTools Python.Python.3.12` with the C++ workload',
};

export function compilerRemedy(platform, has = existsSync) {
  const remedy = REMEDIES[platform] ?? REMEDIES.linux;
  if (typeof remedy === 'string') return remedy;
  return remedy.find(([mark]) => has(mark))?.[1] ?? 'your package manager (a C++17 compiler, make and Python 3)';
}

/** One sentence about what is missing, or null. `found(program)` says whether a program runs. */
export async function compilerComplaint(platform = process.platform, found = exists, has = existsSync) {
  // On Windows node-gyp looks for Visual Studio by itself, better than we could.
  if (platform === 'win32') return null;
  const compilers = [process.env.CXX, 'g++', 'clang++', 'c++'].filter(Boolean);
  const missing = [];
  if (!(await any(compilers, found))) missing.push('a C++ compiler');
  if (!(await any(['make', 'gmake'], found))) missing.push('make');
  if (!(await any([process.env.PYTHON, 'python3', 'python'].filter(Boolean), found))) missing.push('Python 3');
  if (missing.length === 0) return null;
  const list = missing.length > 1 ? `${missing.slice(0, -1).join(', ')} and ${missing.at(-1)}` : missing[0];
  return `Efir's media path is compiled on this machine and ${list} ${missing.length > 1 ? 'are' : 'is'} missing: install with ${compilerRemedy(platform, has)} and start again.`;
}

async function any(programs, found) {
  for (const program of programs) if (await found(program)) return true;
  return false;
}

/** Node's own C headers where they lie beside the binary, so that node-gyp need not download them. */
export function nodeHeaders(execPath = process.execPath, has = existsSync) {
  const prefix = dirname(dirname(execPath));
  return has(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : null;
}
