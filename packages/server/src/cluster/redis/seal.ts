/**
 * Everything that lies in Redis or goes through it is signed: `mac.json`, HMAC-SHA256 over what it is for and the text. What
 * was sealed for one purpose (a key, a channel) opens for no other. Redis itself need not be trusted with more than being there.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export class Seal {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('efir cluster 1').digest();
  }

  /** `value` is JSON. */
  close(purpose: string, value: unknown): string {
    const json = JSON.stringify(value);
    return `${this.#mac(purpose, json)}.${json}`;
  }

  /** `undefined`: not ours, changed on the way, or longer than `maxBytes`. */
  open(purpose: string, sealed: string, maxBytes: number): unknown {
    const dot = sealed.indexOf('.');
    // The signature is 43 characters; of UTF-8 a character has up to four bytes.
    if (dot !== 43 || sealed.length > maxBytes + 44) return undefined;
    const json = sealed.slice(dot + 1);
    const given = Buffer.from(sealed.slice(0, dot), 'base64url');
    const right = Buffer.from(this.#mac(purpose, json), 'base64url');
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    try {
      return JSON.parse(json);
    } catch {
      return undefined;
    }
  }

  /** A proof of the secret, for nodes that come later. */
  proof(): string {
    return this.close('proof', { nonce: randomBytes(16).toString('hex') });
  }

  proves(text: string): boolean {
    return this.open('proof', text, 200) !== undefined;
  }

  #mac(purpose: string, json: string): string {
    return createHmac('sha256', this.#key).update(purpose).update('\0').update(json).digest('base64url');
  }
}
