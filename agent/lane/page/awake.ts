/** Keeps the screen on while the page is visible, where the browser can (W3C Screen Wake Lock). */
export function stayAwake(root: Document): void {
  if (!("wakeLock" in navigator)) return;
  const ask = (): void => {
    if (root.visibilityState !== "visible") return;
    // Refused on a nearly empty battery: the screen may then sleep, and the lane works on without it.
    navigator.wakeLock.request("screen").then(
      () => root.documentElement.setAttribute("data-awake", "yes"),
      () => root.documentElement.setAttribute("data-awake", "no"),
    );
  };
  // The browser takes the lock away whenever the page is hidden.
  root.addEventListener("visibilitychange", ask);
  ask();
}
