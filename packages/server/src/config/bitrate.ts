/** Bit rates as people write them. */

const SCALE: Record<string, number> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** `1500k`, `2.5m`, `10g` or plain bit/s; null: it is none. */
export function parseBitrate(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?)$/i.exec(text.trim());
  if (!match) return null;
  const bps = Number(match[1]) * (SCALE[match[2].toLowerCase()] ?? Number.NaN);
  return Number.isFinite(bps) && bps > 0 ? bps : null;
}
