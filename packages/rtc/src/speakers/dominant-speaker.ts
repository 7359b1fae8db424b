/**
 * Who holds the floor: dominant speaker identification after I. Volfin and I. Cohen ("Dominant Speaker Identification for
 * Multipoint Videoconferencing", 2012) on the audio levels of RFC 6464 instead of spectra, with the weights that
 * Jitsi and mediasoup use. Each speaker's activity is scored over 20 ms, 100 ms and 1 s; the floor changes hands when
 * another is ahead of its holder on all three scales, so a pause for breath doesn't lose it and a cough doesn't win it.
 *
 * Activity is measured from each speaker's own noise floor, so that a quiet microphone has a chance and a humming one
 * isn't a speaker.
 */

const FRAME_MS = 20;
/** Frames kept: one long interval. */
const FRAMES = 50;
const FRAMES_PER_BLOCK = 5;
const BLOCKS = FRAMES / FRAMES_PER_BLOCK;
/** A frame's activity is 0..STEPS. */
const STEPS = 13;
/** A frame above counts as active in its block; a block with all frames active counts in the long interval. */
const ACTIVE_FRAME = 4;
const ACTIVE_BLOCK = 4;

/** How far ahead a challenger must be, as the logarithm of the scores' ratio. */
const IMMEDIATE_LEAD = 3;
const MEDIUM_LEAD = 2;
const LONG_LEAD = 0;
/** Active blocks of a challenger at least: less than 300 ms is a cough. */
const MIN_LONG = 3;

/** Activity of full scale, dB above the noise floor; below the margin it is 0. */
const FULL_SCALE_DB = 45;
const MARGIN_DB = 6;
/** Bounds of the noise floor, as 127 less the level: -70 and -50 dBov. */
const LOWEST_NOISE = 57;
const HIGHEST_NOISE = 77;
/** The noise floor is the lowest level of this window and the one before, in frames. */
const NOISE_WINDOW = 250;

/** A gap up to this is packets of more than one frame, or loss; a longer one is silence. In frames. */
const HELD_FRAMES = 6;

/** Of `loudest()`: share of the way to a louder, to a softer frame. */
const ATTACK = 0.4;
const RELEASE = 0.03;
/** Share of a steady sound's loudness: it may be noise, but it can be heard. */
const STEADY_SHARE = 0.25;
/** dB. */
const AUDIBLE = 2;

const IMMEDIATE_SCORES = scores(STEPS, 0.78);
const MEDIUM_SCORES = scores(FRAMES_PER_BLOCK, 24);
const LONG_SCORES = scores(BLOCKS, 47);

/**
 * The logarithm of how much likelier `active` of `n` is speech than not, for each `active`: a binomial against an
 * exponential (the paper's equation 8, with a speech probability of one half). What isn't positive counts as next to nothing.
 */
function scores(n: number, lambda: number): Float64Array {
  const table = new Float64Array(n + 1);
  let choices = 1;
  for (let active = 0; active <= n; active++) {
    const score = Math.log(choices) - n * Math.LN2 - Math.log(lambda) + lambda * active;
    table[active] = Math.max(score, 1e-10);
    choices = (choices * (n - active)) / (active + 1);
  }
  return table;
}

/** One participant's last second. */
class Speaker {
  readonly id: number;
  /** dB above silence, smoothed. */
  loudness = 0;
  immediate = 0;
  medium = 0;
  long = 0;

  /** Activity of the last frames; `newest` is where the last one stands. */
  private readonly frames = new Uint8Array(FRAMES);
  private newest = 0;
  private newestFrame = -1;
  /** Frame of the last activity above 0. */
  private lastActive = Number.NEGATIVE_INFINITY;
  private newestLoudness = 0;
  private noiseNow = 127;
  private noiseBefore = 127;
  private noiseSince = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** `level` is 127 less the one on the wire. */
  hear(level: number, frame: number): void {
    const above = this.aboveNoise(level);
    const activity = above <= MARGIN_DB ? 0 : Math.min(STEPS, Math.ceil((above * STEPS) / FULL_SCALE_DB));
    const loudness = Math.max(0, above) + STEADY_SHARE * Math.max(0, level - LOWEST_NOISE);
    if (this.newestFrame < 0) this.newestFrame = frame - 1;
    if (frame <= this.newestFrame) {
      // Two packets in one frame's time: the louder counts.
      if (activity > this.frames[this.newest]) this.frames[this.newest] = activity;
    } else {
      const held = frame - this.newestFrame <= HELD_FRAMES;
      this.fillUpTo(frame - 1, held ? this.frames[this.newest] : 0, held ? this.newestLoudness : 0);
      this.fillUpTo(frame, activity, loudness);
    }
    if (activity > 0) this.lastActive = this.newestFrame;
  }

  /** Brings the scores up to `frame`; whoever sent nothing for long was silent. */
  score(frame: number): void {
    if (frame - this.newestFrame > HELD_FRAMES) this.fillUpTo(frame, 0, 0);
    this.immediate = this.frames[this.newest];
    this.medium = 0;
    this.long = 0;
    if (this.newestFrame - this.lastActive > FRAMES) return;
    let at = this.newest;
    for (let block = 0; block < BLOCKS; block++) {
      let active = 0;
      for (let i = 0; i < FRAMES_PER_BLOCK; i++) {
        if (this.frames[at] > ACTIVE_FRAME) active++;
        at = at === 0 ? FRAMES - 1 : at - 1;
      }
      if (block === 0) this.medium = active;
      if (active > ACTIVE_BLOCK) this.long++;
    }
  }

  /** dB, and learns the noise. */
  private aboveNoise(level: number): number {
    if (level < this.noiseNow) this.noiseNow = level;
    if (++this.noiseSince >= NOISE_WINDOW) {
      this.noiseBefore = this.noiseNow;
      this.noiseNow = level;
      this.noiseSince = 0;
    }
    const lowest = Math.min(this.noiseNow, this.noiseBefore);
    return level - Math.max(LOWEST_NOISE, Math.min(HIGHEST_NOISE, lowest));
  }

  /** All frames after the newest and up to `frame` were like this. */
  private fillUpTo(frame: number, activity: number, loudness: number): void {
    const missing = frame - this.newestFrame;
    if (missing <= 0) return;
    for (let i = Math.min(FRAMES, missing); i > 0; i--) {
      this.newest = this.newest === FRAMES - 1 ? 0 : this.newest + 1;
      this.frames[this.newest] = activity;
    }
    const left = (1 - (loudness > this.loudness ? ATTACK : RELEASE)) ** missing;
    this.loudness = loudness + (this.loudness - loudness) * left;
    this.newestLoudness = loudness;
    this.newestFrame = frame;
  }
}

/** Times in ms. */
export class DominantSpeaker {
  private readonly speakers = new Map<number, Speaker>();
  private holder: Speaker | null = null;

  /** Who holds the floor: whoever spoke last while it is quiet, null before anybody spoke or after the holder left. */
  get dominant(): number | null {
    return this.holder ? this.holder.id : null;
  }

  /** A packet of speaker `id` came with this level of RFC 6464: 0 is loudest, 127 silence. A new id is a new speaker. */
  level(id: number, audioLevel: number, now: number): void {
    let speaker = this.speakers.get(id);
    if (!speaker) {
      speaker = new Speaker(id);
      this.speakers.set(id, speaker);
    }
    speaker.hear(127 - (audioLevel & 0x7f), Math.floor(now / FRAME_MS));
  }

  /** The participant left, or muted for good. */
  remove(id: number): void {
    const speaker = this.speakers.get(id);
    if (!speaker) return;
    this.speakers.delete(id);
    if (this.holder === speaker) this.holder = null;
  }

  /** To be called about every 300 ms. Returns who holds the floor if that changed, else null. */
  evaluate(now: number): number | null {
    const frame = Math.floor(now / FRAME_MS);
    for (const speaker of this.speakers.values()) speaker.score(frame);
    const holder = this.holder;
    let best: Speaker | null = null;
    for (const speaker of this.speakers.values()) {
      if (speaker === holder || speaker.long < MIN_LONG || speaker.medium === 0) continue;
      if (holder && !isAhead(speaker, holder)) continue;
      if (!best || speaker.medium > best.medium || (speaker.medium === best.medium && speaker.long > best.long)) {
        best = speaker;
      }
    }
    if (!best) return null;
    this.holder = best;
    return best.id;
  }

  /**
   * Up to `n` speakers, loudest first, of the last seconds; silent ones aren't among them. A new voice is in at once, one
   * that fell silent stays for some two seconds. As of the last `evaluate()`.
   */
  loudest(n: number): number[] {
    const audible: Speaker[] = [];
    for (const speaker of this.speakers.values()) if (speaker.loudness >= AUDIBLE) audible.push(speaker);
    audible.sort((a, b) => b.loudness - a.loudness || a.id - b.id);
    return audible.slice(0, Math.max(0, n)).map((speaker) => speaker.id);
  }
}

function isAhead(challenger: Speaker, holder: Speaker): boolean {
  return (
    Math.log(IMMEDIATE_SCORES[challenger.immediate] / IMMEDIATE_SCORES[holder.immediate]) > IMMEDIATE_LEAD &&
    Math.log(MEDIUM_SCORES[challenger.medium] / MEDIUM_SCORES[holder.medium]) > MEDIUM_LEAD &&
    Math.log(LONG_SCORES[challenger.long] / LONG_SCORES[holder.long]) > LONG_LEAD
  );
}
