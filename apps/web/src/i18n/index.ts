import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { remember, remembered } from '../preferences/storage.js';
import { en } from './en.js';
import { ru } from './ru.js';

export const LANGUAGES = { en: 'English', ru: 'Русский' } as const;
export type Language = keyof typeof LANGUAGES;

const isLanguage = (value: string | null): value is Language => value !== null && value in LANGUAGES;

/** What was chosen here before, else the first of the browser's languages that we have. */
export function preferredLanguage(chosen: string | null, browser: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen;
  return browser.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}

void i18next.use(initReactI18next).init({
  lng: preferredLanguage(remembered('language'), navigator.languages ?? [navigator.language]),
  fallbackLng: 'en',
  resources: { en: { translation: en }, ru: { translation: ru } },
  // React escapes by itself.
  interpolation: { escapeValue: false },
});

const reflect = (language: string) => {
  document.documentElement.lang = language;
  document.title = i18next.t('app.name');
};
reflect(i18next.language);
i18next.on('languageChanged', reflect);

export function chooseLanguage(language: Language): void {
  remember('language', language);
  void i18next.changeLanguage(language);
}
