import { Monitor, Moon, Sun } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { chooseLanguage, LANGUAGES, type Language } from '../i18n/index.js';
import { chooseTheme, type Theme, useTheme } from '../preferences/use-theme.js';
import { Logo } from './logo.js';

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const ICON = { system: Monitor, light: Sun, dark: Moon } as const;

/** Name, language and theme, on every page outside a call. */
export function PageHeader() {
  const { t, i18n } = useTranslation();
  const theme = useTheme();
  const Icon = ICON[theme];
  const themeName = {
    system: t('settings.themeSystem'),
    light: t('settings.themeLight'),
    dark: t('settings.themeDark'),
  };
  const themeLabel = `${t('settings.theme')}: ${themeName[theme]}`;
  return (
    <header className="page-header">
      <Link href="/" className="brand">
        <Logo />
        <span>{t('app.name')}</span>
      </Link>
      <div className="page-header-end">
        <fieldset className="language-switch">
          <legend className="visually-hidden">{t('settings.language')}</legend>
          {(Object.keys(LANGUAGES) as Language[]).map((language) => (
            <button
              key={language}
              type="button"
              lang={language}
              aria-label={LANGUAGES[language]}
              aria-pressed={i18n.language === language}
              onClick={() => chooseLanguage(language)}
            >
              {language.toUpperCase()}
            </button>
          ))}
        </fieldset>
        <button
          type="button"
          className="quiet-button"
          aria-label={themeLabel}
          data-tooltip={themeLabel}
          data-tooltip-below=""
          onClick={() => chooseTheme(NEXT[theme])}
        >
          <Icon size={18} aria-hidden="true" />
        </button>
      </div>
    </header>
  );
}
