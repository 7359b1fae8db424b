const QUALITIES =
  'amber bright calm clear coral early gentle golden green happy kind light lively lunar mellow misty polar quiet rapid silver sunny swift violet warm wild';
const THINGS =
  'anchor aurora beacon bridge brook cedar cloud comet delta ember falcon fjord garden harbor island lagoon lantern maple meadow orbit pine river robin summit willow';
/** No letters or digits that are taken for each other. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A new room's id: easy to read out, and with 8 random characters (39 bits) not to be guessed by strangers. */
export function newRoomId(
  random: (values: Uint32Array<ArrayBuffer>) => Uint32Array = (v) => crypto.getRandomValues(v),
): string {
  const numbers = random(new Uint32Array(10));
  const pick = (from: string | string[], index: number): string => from[(numbers[index] ?? 0) % from.length] ?? '';
  const code = Array.from({ length: 8 }, (_, i) => pick(LETTERS, i + 2)).join('');
  return `${pick(QUALITIES.split(' '), 0)}-${pick(THINGS.split(' '), 1)}-${code}`;
}

const ROOM_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The room meant by what somebody typed or pasted: an id or a link to it. Null if neither. */
export function parseRoomId(input: string): string | null {
  const text = input.trim();
  const fromLink = /\/room\/([^/?#]+)/.exec(text)?.[1];
  // Words are joined: "team call" is the room "team-call".
  const id = fromLink ?? text.replace(/\s+/g, '-');
  return ROOM_ID.test(id) ? id : null;
}
