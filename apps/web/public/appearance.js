// Before the first paint, so that a chosen theme doesn't flash. A file of its own because the page's policy allows no inline scripts.
try {
  const theme = localStorage.getItem('efir.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme it is.
}
