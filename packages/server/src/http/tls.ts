/** The certificate that HTTPS is served with. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { generate } from 'selfsigned';
import type { ServerConfig } from '../config/schema.js';
import { StartError } from '../errors.js';
import { ownAddresses } from '../media/candidates.js';

export interface Certificate {
  /** PEM. */
  cert: string;
  key: string;
  /** Made just now: browsers will ask whether to go on. */
  selfSigned: boolean;
}

/** Browsers take no leaf certificate that is good for longer than 398 days. */
const DAYS = 397;

/** Null for plain HTTP. Throws `StartError` `bad-certificate`. */
export async function loadCertificate(config: ServerConfig): Promise<Certificate | null> {
  if (!config.https) return null;
  if (config.tlsCert === undefined || config.tlsKey === undefined) return selfSigned(config);
  const certificate = {
    cert: read(config.tlsCert, '--tls-cert'),
    key: read(config.tlsKey, '--tls-key'),
    selfSigned: false,
  };
  try {
    createSecureContext(certificate);
  } catch (error) {
    const why = (error as Error).message;
    throw new StartError(
      'bad-certificate',
      `The certificate ${config.tlsCert} and the key ${config.tlsKey} cannot be used (${why}): both are PEM, and of one pair.`,
    );
  }
  return certificate;
}

async function selfSigned({ host, announcedIps }: ServerConfig): Promise<Certificate> {
  const addresses = [...new Set(['127.0.0.1', '::1', ...ownAddresses(), ...announcedIps])];
  const names = ['localhost', ...(host !== undefined && /[a-z]/i.test(host) && !host.includes(':') ? [host] : [])];
  const made = await generate([{ name: 'commonName', value: 'Efir' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + DAYS * 24 * 3600 * 1000),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          ...addresses.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private, selfSigned: true };
}

function read(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new StartError('bad-certificate', `The file ${path} cannot be read: check ${flag}.`);
  }
}
