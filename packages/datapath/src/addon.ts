/** Finds and loads the native part. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Datapath, DatapathCallbacks, DatapathOptions, SrtpProfile } from './datapath.js';
import { DatapathError } from './errors.js';

export interface YardstickOptions {
  receivers: { address: string; port: number }[];
  /** Packets to send in all, at least; whole rounds over the receivers. */
  packets: number;
  /** RTP header included, before sealing. */
  packetBytes: number;
  /** Packets to one receiver before it is the next one's turn. */
  burst: number;
  profile: SrtpProfile;
}

export interface YardstickResult {
  packets: number;
  /** CPU time of this thread, in the kernel too. */
  cpuNs: number;
}

type SealOrOpen = (
  profile: SrtpProfile,
  key: Uint8Array,
  salt: Uint8Array,
  authKey: Uint8Array,
  packet: Uint8Array,
  /** RTP: roll-over counter. RTCP: index. */
  number: number,
) => Uint8Array | undefined;

export interface Vectors {
  derive(masterKey: Uint8Array, masterSalt: Uint8Array, label: number, length: number): Uint8Array;
  sealRtp: SealOrOpen;
  openRtp: SealOrOpen;
  sealRtcp: SealOrOpen;
  openRtcp: SealOrOpen;
  /** What keys given from now on are for; false where the CPU hasn't got it. */
  useGcm(kind: 'evp' | 'aesni' | 'vaes'): boolean;
}

interface Addon {
  Datapath: new (options: DatapathOptions, callbacks: DatapathCallbacks) => Datapath;
  runYardstick(options: YardstickOptions): YardstickResult;
  useErrorClass(errorClass: typeof DatapathError): void;
  /** Cryptographic functions with keys given by tests. */
  __vectors: Vectors;
}

/** The same from `src/` and from `dist/`. */
const BUILT = fileURLToPath(new URL('../build/Release/efir_datapath.node', import.meta.url));

let loaded: Addon | undefined;

export function addon(): Addon {
  if (loaded) return loaded;
  const path = process.env.EFIR_DATAPATH_ADDON ?? BUILT;
  if (!existsSync(path)) {
    throw new DatapathError(
      'ERR_ADDON',
      'The native datapath is not built: run `npm rebuild @efir/datapath`. It needs a C++17 compiler, make and Python 3' +
        ' (Debian: apt install g++ make python3), and libssl-dev for a Node that uses the OpenSSL of the system.',
    );
  }
  try {
    loaded = createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw new DatapathError(
      'ERR_ADDON',
      `The native datapath does not load (${(cause as Error).message}): it was built for another Node or system.` +
        ' Run `npm rebuild @efir/datapath`; a Node that uses the OpenSSL of the system needs libssl-dev for that.',
      { cause },
    );
  }
  loaded.useErrorClass(DatapathError);
  return loaded;
}

/**
 * Opens a datapath on the calling thread's event loop. It keeps the process alive while it has sockets; `close()` ends it.
 * Throws `DatapathError`: `ERR_ADDON` when the native part is not built, `ERR_OPTION` and others for bad options.
 */
export function createDatapath(options: DatapathOptions, callbacks: DatapathCallbacks): Datapath {
  return new (addon().Datapath)(options, callbacks);
}

/**
 * The plain way, to compare with: each packet copied, its header rewritten, sealed with the receiver's own keyed context
 * and sent by its own `sendto`, as C and C++ SFUs do.
 */
export function runYardstick(options: YardstickOptions): YardstickResult {
  return addon().runYardstick(options);
}
