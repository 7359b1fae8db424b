/**
 * One page of this browser per person and room. A second one learns that the first is there, and may take its place: the
 * first hands over the secret by which the server knows the person, so the others see nobody come or go.
 */
export interface Seat {
  /** To be called when the call is over. */
  leave(): void;
}

type Word = { type: 'take'; seat: string; by: string } | { type: 'given'; by: string; secret: string | null };

/** A page that doesn't answer by then has no secret to give, ms. */
const ANSWER_MS = 800;

const nameOf = (room: string, name: string): string => `efir/${room}/${name}`;

/**
 * Null: another page has it. `secret` is asked for when another page takes the place. Browsers and pages without the means
 * (plain HTTP) always get a seat.
 */
export function sit(
  room: string,
  name: string,
  secret: () => string | null,
  { anyway = false } = {},
): Promise<Seat | null> {
  const seat = nameOf(room, name);
  if (typeof navigator.locks === 'undefined' || typeof BroadcastChannel === 'undefined') {
    return Promise.resolve({ leave: () => {} });
  }
  return new Promise((resolve) => {
    const held = navigator.locks.request(seat, anyway ? { steal: true } : { ifAvailable: true }, (lock) => {
      if (!lock) {
        resolve(null);
        return undefined;
      }
      return new Promise<void>((release) => {
        const stop = answer(seat, secret);
        resolve({
          leave: () => {
            stop();
            release();
          },
        });
      });
    });
    // Stolen, which is how another page takes the place.
    held.catch(() => resolve(null));
  });
}

/** Asks the page that has the seat for its secret; null if there is none. */
export function askForSecret(room: string, name: string): Promise<string | null> {
  if (typeof BroadcastChannel === 'undefined') return Promise.resolve(null);
  const channel = new BroadcastChannel('efir');
  const by = crypto.getRandomValues(new Uint32Array(2)).join('-');
  return new Promise((resolve) => {
    const finish = (secret: string | null) => {
      clearTimeout(timer);
      channel.close();
      resolve(secret);
    };
    const timer = setTimeout(() => finish(null), ANSWER_MS);
    channel.onmessage = ({ data }: MessageEvent<Word>) => {
      if (data.type === 'given' && data.by === by) finish(data.secret);
    };
    channel.postMessage({ type: 'take', seat: nameOf(room, name), by } satisfies Word);
  });
}

function answer(seat: string, secret: () => string | null): () => void {
  const channel = new BroadcastChannel('efir');
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data.type !== 'take' || data.seat !== seat) return;
    channel.postMessage({ type: 'given', by: data.by, secret: secret() } satisfies Word);
  };
  return () => channel.close();
}
