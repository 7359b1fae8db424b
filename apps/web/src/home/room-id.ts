const QUALITIES =
  'amber bright calm clear coral early gentle golden green happy kind light lively lunar mellow misty polar quiet rapid silver sunny swift violet warm wild';
const THINGS =
  'anchor aurora beacon bridge brook cedar cloud comet delta ember falcon fjord garden harbor island lagoon lantern maple meadow orbit pine river robin summit willow';
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** A new room's id: a UUID of version 4, so that clients of the classic rooms protocol see the room and may come as well. */
export function newRoomId(
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): string {
  // Not `crypto.randomUUID()`: pages over plain HTTP have none.
  const bytes = random(new Uint8Array(16));
  bytes[6] = 0x40 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** How a room without a title is called. Of a UUID nobody can tell one from another: its first bytes choose words. */
export function roomLabel(id: string): string {
  if (!UUID_V4.test(id)) return id;
  const qualities = QUALITIES.split(' ');
  const things = THINGS.split(' ');
  const number = Number.parseInt(id.slice(0, 8), 16);
  const quality = qualities[number % qualities.length];
  const thing = things[Math.floor(number / qualities.length) % things.length];
  return `${quality}-${thing}-${id.slice(-4).toLowerCase()}`;
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
