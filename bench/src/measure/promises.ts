/** Something that is promised of large rooms, and whether it was kept. */
export interface Promised {
  what: string;
  /** Null: it did not happen at all. */
  value: number | null;
  most: number;
  kept: boolean;
}

export function atMost(what: string, value: number | undefined, most: number): Promised {
  return { what, value: value ?? null, most, kept: value !== undefined && value <= most };
}
