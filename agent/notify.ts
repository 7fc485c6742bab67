import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Log } from "./log.ts";

/** What systemd is told (sd_notify(3)). No call waits or throws; without systemd each does nothing. */
export interface SystemdNotifier {
  /** Start-up is over: at least the API answers. */
  ready(): void;
  /** One line for `systemctl status`: control characters become blanks, 200 characters at most. */
  status(text: string): void;
  /** We live. Only after a real self-check, at least twice within `watchdogMs`. */
  watchdog(): void;
  stopping(): void;
  /** Without a ping for this long systemd kills and restarts us; null when no watchdog is set. */
  readonly watchdogMs: number | null;
}

interface NotifyAddon {
  /** Sends one datagram without waiting; false when it did not go out. */
  notify(socket: string, state: string): boolean;
}

const statusLimit = 200;

/** Beside the bundle, or in dist/ when the agent runs from source. */
const addonPlaces = ["./notify.node", "../dist/notify.node"];

/**
 * Speaks to systemd when `NOTIFY_SOCKET` says where. A missing addon or a socket that takes nothing is logged once: the
 * unit would then be restarted for its silence, and the journal should say why.
 *
 * @param env the process environment: `NOTIFY_SOCKET` (a path, or `@` and an abstract name) and `WATCHDOG_USEC`
 */
export function systemdNotifier(env: Readonly<Record<string, string | undefined>>, log: Log): SystemdNotifier {
  const socket = env["NOTIFY_SOCKET"];
  if (socket === undefined || socket === "") return notifier(() => {}, null);
  const addon = loadAddon();
  if ("missing" in addon) {
    log.error("systemd_notify_addon_missing", { cause: addon.missing, remedy: "npm run build, with a C compiler" });
    return notifier(() => {}, null);
  }
  let refusalLogged = false;
  const send = (state: string) => {
    if (addon.notify(socket, state) || refusalLogged) return;
    refusalLogged = true;
    log.warn("systemd_notify_not_delivered", { socket, state: state.slice(0, state.indexOf("=")) });
  };
  return notifier(send, watchdogInterval(env["WATCHDOG_USEC"]));
}

function notifier(send: (state: string) => void, watchdogMs: number | null): SystemdNotifier {
  return {
    ready: () => send("READY=1"),
    // A line feed would begin another assignment.
    status: (text) => send(`STATUS=${text.replace(/\p{Cc}/gu, " ").slice(0, statusLimit)}`),
    watchdog: () => send("WATCHDOG=1"),
    stopping: () => send("STOPPING=1"),
    watchdogMs,
  };
}

/** Microseconds as text to milliseconds (sd_watchdog_enabled(3)); null for none or nonsense. */
function watchdogInterval(text: string | undefined): number | null {
  if (text === undefined || !/^[0-9]{4,15}$/.test(text)) return null;
  return Math.floor(Number(text) / 1000);
}

function loadAddon(): NotifyAddon | { readonly missing: string } {
  const place = addonPlaces.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (place === undefined) return { missing: "notify.node was not built" };
  try {
    const loaded: unknown = createRequire(import.meta.url)(fileURLToPath(place));
    if (isNotifyAddon(loaded)) return loaded;
    return { missing: "notify.node is not ours" };
  } catch (error) {
    // dlopen failed: another architecture or a damaged file.
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

function isNotifyAddon(value: unknown): value is NotifyAddon {
  return typeof value === "object" && value !== null && "notify" in value && typeof value.notify === "function";
}
