import { remember, remembered } from './remembered.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export function currentTheme(): Theme {
  const chosen = remembered('theme')
  return themes.find(theme => theme === chosen) ?? 'system'
}

/** One attribute: every colour is a `light-dark()` pair. */
export function applyTheme(theme: Theme): void {
  remember('theme', theme === 'system' ? null : theme)
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}
