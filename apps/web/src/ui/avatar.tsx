import { User } from 'lucide-react';

/** First letters of the first two words; works for any script. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => Array.from(word)[0] ?? '');
  return letters.join('').toLocaleUpperCase() || '?';
}

/** One of ten calm hues, the same for a name everywhere. */
export function hueOf(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return hash % 10;
}

export function Avatar({ name }: { name: string }) {
  return (
    <span className="avatar" data-hue={hueOf(name)} aria-hidden="true">
      {name.trim() === '' ? <User size="50%" /> : initials(name)}
    </span>
  );
}
