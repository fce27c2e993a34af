// Whether this page may use the microphone: asked for by a button, shown by attributes of the document.

export function startMicrophone(): void {
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[data-microphone-ask]") !== null) void ask();
  });
  void watch();
}

async function ask(): Promise<void> {
  const microphone = await navigator.mediaDevices?.getUserMedia({ audio: true }).catch(() => null);
  for (const track of microphone?.getTracks() ?? []) track.stop();
  show(microphone == null ? "denied" : "granted");
}

// Not every browser tells; then the button stays.
async function watch(): Promise<void> {
  const status = await navigator.permissions?.query({ name: "microphone" as PermissionName }).catch(() => null);
  if (status == null) return;
  show(status.state);
  status.onchange = () => show(status.state);
}

function show(state: string): void {
  document.documentElement.dataset.microphone = state;
}
