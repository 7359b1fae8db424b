import { useSyncExternalStore } from 'react';
import { remember } from './storage.js';

export type Theme = 'system' | 'light' | 'dark';

const listeners = new Set<() => void>();
const root = document.documentElement;

const current = (): Theme => (root.dataset.theme as Theme | undefined) ?? 'system';

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  remember('theme', theme === 'system' ? null : theme);
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}
