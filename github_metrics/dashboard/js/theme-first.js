// Before anything is drawn, so that a chosen theme does not flash. A classic script: a module would run too late.
try {
  const theme = JSON.parse(localStorage.getItem("github-metrics") ?? "{}").theme;
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage, or not ours: the system's theme.
}
