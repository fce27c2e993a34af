// Light or dark, as chosen on this device; without a choice, as the system says.

const key = "landline-theme";

export function startTheme(): void {
  const chosen = localStorage.getItem(key);
  if (chosen !== null) document.documentElement.dataset.theme = chosen;
  addEventListener("click", ({ target }) => {
    if (!(target instanceof Element) || target.closest("[data-theme-toggle]") === null) return;
    const root = document.documentElement;
    const dark = root.dataset.theme === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : root.dataset.theme === "dark";
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem(key, root.dataset.theme);
  });
}
