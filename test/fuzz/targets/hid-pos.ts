import { type HidEvent, hidStart, maxCodeBytes, takeIdle, takeReports } from "../../../drivers/hid/report.ts";
import { recordedReports, report, reportsOf } from "../../hid/reports.ts";

/** The first byte says how the rest is cut. */
export const target = {
  name: "hid-pos",
  longest: 8_192,
  dictionary: ["\x02\x38]Q1", "\x02\x04]Q0", "\x02\x01\x00]z0", "\x02\x39", "]Q2\\000026", "\r\n"],
  async seeds(): Promise<readonly Uint8Array[]> {
    const streams = [
      recordedReports("access-is-lsr118"),
      recordedReports("newland-fm430"),
      reportsOf("x".repeat(5_000)),
      report({ data: "x", count: 57, more: true }),
      report({ data: "x", aimAt: 3 }),
      report({ id: 3, data: "x" }),
    ];
    return streams.map((stream) => Buffer.concat([Uint8Array.of(63), stream]));
  },
  /** Throws when a cut changes the codes, or a bound does not hold. */
  run(input: Uint8Array): string {
    const pieceBytes = 1 + (input[0] ?? 0);
    const stream = input.subarray(1);
    const whole = takeReports(hidStart, stream);
    let state = hidStart;
    const events: HidEvent[] = [];
    for (let at = 0; at < stream.length; at += pieceBytes) {
      const step = takeReports(state, stream.subarray(at, at + pieceBytes));
      state = step.state;
      events.push(...step.events);
      if (state.partial.length >= 64) throw new Error("more than a report is held");
      if ((state.code?.content?.length ?? 0) > maxCodeBytes) throw new Error("more than the longest code is held");
    }
    if (shown(events) !== shown(whole.events)) throw new Error("a cut changed the codes");
    const all = [...whole.events, ...takeIdle(whole.state).events];
    for (const event of all) {
      if (event.kind === "code" && (event.bytes.length === 0 || event.bytes.length > maxCodeBytes))
        throw new Error("a code outside its bounds");
    }
    return [...new Set(all.map(({ kind }) => kind))].toSorted().join(" ") || "nothing";
  },
};

function shown(events: readonly HidEvent[]): string {
  return JSON.stringify(
    events.map((event) => (event.kind === "code" ? [event.aim, Buffer.from(event.bytes).toString("hex")] : event.kind)),
  );
}
