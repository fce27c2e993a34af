// Narrows the board's grid of agents: the choice is this page's own and is put back after every live change.

const chosen = new Map<string, string>();

export function startAgentFilter(): void {
  document.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLSelectElement) || target.closest("[data-agent-filter]") === null) return;
    chosen.set(target.dataset.filter!, target.value);
    narrow();
  });
  addEventListener("landline:shown", narrow);
  addEventListener("landline:arrived", narrow);
}

function narrow(): void {
  const filter = document.querySelector("[data-agent-filter]");
  if (filter === null) return;
  for (const select of filter.querySelectorAll("select")) {
    const value = chosen.get(select.dataset.filter!) ?? "";
    if (select !== document.activeElement && select.value !== value) select.value = value;
  }
  let shown = 0;
  for (const card of document.querySelectorAll<HTMLElement>(".agents > li")) {
    const fits = [...chosen].every(([name, value]) => value === "" || (card.dataset[name] ?? "").split(" ").includes(value));
    card.hidden = !fits;
    if (fits) shown += 1;
  }
  const none = document.querySelector<HTMLElement>("[data-agents-none]");
  if (none !== null) none.hidden = shown > 0 || [...chosen.values()].every((value) => value === "");
}
