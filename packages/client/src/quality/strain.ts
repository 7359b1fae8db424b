/**
 * Whether a machine keeps up, decided from what is measured every few seconds: strained for some looks in a row, the level
 * rises by one; at ease for long, it falls by one. Each fall that didn't hold makes the next wait twice as long.
 */
export interface StrainOptions {
  /** Looks in a row that make the level rise. */
  rise: number;
  /** Looks in a row that make it fall. */
  fall: number;
  maximum: number;
}

/** A level that rises again within so many looks of a fall has fallen too early. */
const RELAPSE_LOOKS = 20;
const LONGEST_PATIENCE = 16;

export class Strain {
  level = 0;
  private strained = 0;
  private eased = 0;
  private sinceFall = Number.POSITIVE_INFINITY;
  private patience = 1;

  constructor(private readonly options: StrainOptions) {}

  /** One look. Returns whether the level changed. */
  look(strained: boolean): boolean {
    const { rise, fall, maximum } = this.options;
    this.sinceFall++;
    this.strained = strained ? this.strained + 1 : 0;
    this.eased = strained ? 0 : this.eased + 1;
    if (this.strained >= rise && this.level < maximum) {
      this.level++;
      this.strained = 0;
      if (this.sinceFall < RELAPSE_LOOKS) this.patience = Math.min(LONGEST_PATIENCE, this.patience * 2);
      return true;
    }
    if (this.level > 0 && this.eased >= fall * this.patience) {
      this.level--;
      this.eased = 0;
      this.sinceFall = 0;
      return true;
    }
    return false;
  }
}
