import { spawn } from 'node:child_process';
import { ROOT } from './root.mjs';

/**
 * Runs a program in the repository. Resolves to its exit code and what it wrote (the last 64 KB, both streams together).
 * `show: true` lets it write to the terminal instead.
 */
export function run(command, args, { show = false, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    // Windows finds npm.cmd only through a shell.
    const shell = process.platform === 'win32';
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      shell,
      stdio: ['ignore', show ? 2 : 'pipe', show ? 2 : 'pipe'],
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-65_536);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? 1, signal, output }));
  });
}

/** Whether a program is there at all. */
export async function exists(command, args = ['--version']) {
  try {
    return (await run(command, args)).code === 0;
  } catch {
    return false;
  }
}

/** npm as it was started, or the one on the path. */
export function npm(args, options) {
  const cli = process.env.npm_execpath;
  return cli && /npm-cli\.c?js$/.test(cli) ? run(process.execPath, [cli, ...args], options) : run('npm', args, options);
}
