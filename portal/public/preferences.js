// Before the first paint, so that neither theme nor language flashes. A file of its own: the policy allows no inline script.
try {
  const theme = localStorage.getItem('sirocco.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  const language = localStorage.getItem('sirocco.language')
  if (language === 'en' || language === 'fr') document.documentElement.lang = language
} catch {
  // Storage is forbidden: the system's theme and the browser's language apply.
}
