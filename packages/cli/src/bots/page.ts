/**
 * The page that a robot shows, as a person's window would: whoever speaks, large, and so many of the others' cameras, small.
 * Robots with different offsets turn to different pages.
 */
import { ParticipantInfo, type ViewRequest } from '@efir/protocol';

/** Voices that are heard at once. */
const VOICES = 3;

/** Device pixels of a window of nine. */
const STAGE = { width: 1280, height: 720 };
const THUMBNAIL = { width: 320, height: 180 };

export class RobotPage {
  readonly #size: number;
  readonly #offset: number;
  /** The first camera of the page. It stays the same while others come. */
  #start = 0;
  /** The camera's track by participant, in the order of joining; null: none. */
  readonly #cameras = new Map<string, string | null>();
  #self = '';

  /** `size`: cameras beside whoever speaks; 0: sound only. */
  constructor(size: number, offset: number) {
    this.#size = size;
    this.#offset = offset;
  }

  /** Receiving sections that it takes. */
  get sections(): { audio: number; video: number } {
    return { audio: VOICES, video: this.#size === 0 ? 0 : this.#size + 1 };
  }

  /** Everybody, as `enter` told it. */
  begin(self: string, participants: readonly ParticipantInfo[]): void {
    this.#self = self;
    this.#cameras.clear();
    for (const participant of participants) this.#put(participant);
    this.#start = this.#offset % Math.max(1, this.#live().length);
  }

  /** Goes on to the next page. */
  turn(): void {
    this.#start += this.#size;
  }

  /** Somebody came or changed; what makes no sense is passed over. */
  put(participant: unknown): void {
    const { data } = ParticipantInfo.safeParse(participant);
    if (data) this.#put(data);
  }

  remove(participant: unknown): void {
    if (typeof participant === 'string') this.#cameras.delete(participant);
  }

  view(): ViewRequest {
    if (this.#size === 0) return { tiles: [], audioOnly: true };
    return {
      tiles: [
        { show: { follow: 'speaker' }, role: 'stage', ...STAGE },
        ...this.tracks().map((track) => ({ show: { track }, ...THUMBNAIL })),
      ],
    };
  }

  /** The cameras on the page, without the tile of whoever speaks. */
  tracks(): string[] {
    const cameras = this.#live();
    const start = cameras.length > 0 ? this.#start % cameras.length : 0;
    return [...cameras.slice(start), ...cameras.slice(0, start)].slice(0, this.#size);
  }

  #live(): string[] {
    return [...this.#cameras.values()].filter((track) => track !== null);
  }

  #put({ id, tracks }: ParticipantInfo): void {
    if (id === this.#self) return;
    this.#cameras.set(id, tracks.find(({ source }) => source === 'camera')?.id ?? null);
  }
}
