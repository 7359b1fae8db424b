/** How much the kernel lets a socket hold (Linux): media comes in bursts, and what doesn't fit is lost. */
import { readFileSync } from 'node:fs';
import { MEDIA_BUFFER_BYTES } from '@efir/sfu';
import { type Check, ok, warning } from './check.js';

const LIMITS = { 'net.core.rmem_max': 'rmem_max', 'net.core.wmem_max': 'wmem_max' };

/** Bytes by the name of the setting; null where there is no such thing. */
export type KernelLimits = Record<string, number | null>;

export function lookAtKernelLimits(read = (file: string) => readFileSync(file, 'utf8')): KernelLimits {
  return Object.fromEntries(
    Object.entries(LIMITS).map(([name, file]) => {
      try {
        return [name, Number.parseInt(read(`/proc/sys/net/core/${file}`), 10) || null];
      } catch {
        return [name, null];
      }
    }),
  );
}

/** Nothing where the kernel does not tell. */
export function judgeKernelLimits(limits: KernelLimits): Check[] {
  const told = Object.entries(limits).filter((entry): entry is [string, number] => entry[1] !== null);
  if (told.length === 0) return [];
  const low = told.filter(([, bytes]) => bytes < MEDIA_BUFFER_BYTES);
  if (low.length === 0) return [ok('buffers', 'The kernel allows the buffers that media asks for.')];
  const names = low.map(([name, bytes]) => `${name} is ${bytes}`).join(', ');
  const commands = low.map(([name]) => `${name}=${MEDIA_BUFFER_BYTES}`).join(' ');
  return [
    warning(
      'buffers',
      `The kernel's socket buffers are small: ${names}, media asks for ${MEDIA_BUFFER_BYTES}.`,
      `Run \`sysctl -w ${commands}\`, and put the same into /etc/sysctl.d/ for the next start.`,
    ),
  ];
}
