export type Preference = 'language' | 'theme' | 'name' | 'microphone' | 'camera' | 'speaker' | 'layout' | 'quality';

/** A preference from an earlier visit; null if there is none, or if storage is switched off. */
export function remembered(preference: Preference): string | null {
  try {
    return localStorage.getItem(`efir.${preference}`);
  } catch {
    return null;
  }
}

export function remember(preference: Preference, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`efir.${preference}`);
    else localStorage.setItem(`efir.${preference}`, value);
  } catch {
    // Then it holds for this visit only.
  }
}
