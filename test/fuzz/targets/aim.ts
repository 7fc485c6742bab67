import { takeAim } from "../../../drivers/serial/symbology.ts";

export const target = {
  name: "aim",
  async seeds(): Promise<readonly Uint8Array[]> {
    const frames = [
      "]Q1P1:ABC",
      "]Q2\\000026caf\\\\e",
      "]L1\\000003",
      "]zB\\\\\\",
      "]e0(01)",
      "]X9x",
      "]",
      "P1:ABC",
      "",
    ];
    return frames.map((frame) => Buffer.from(frame, "latin1"));
  },
  /** Throws when bytes are lost, or appear, beyond an identifier and its ECI escapes. */
  run(input: Uint8Array): string {
    if (takeAim(input, "off").bytes !== input) throw new Error("off changed the frame");
    const auto = takeAim(input, "auto");
    const on = takeAim(input, "on");
    if (auto.aim === null && auto.bytes !== input) throw new Error("a frame without an identifier changed");
    if (auto.aim !== null && auto.aim !== on.aim) throw new Error("auto takes what on leaves");
    for (const { aim, bytes } of [auto, on]) {
      if (aim === null) continue;
      const content = input.subarray(aim.length);
      if (!Buffer.from(input.subarray(0, aim.length)).equals(Buffer.from(aim, "latin1")))
        throw new Error("another identifier");
      if (!keptInOrder(bytes, content)) throw new Error("the content is not what was sent");
    }
    const shortened = auto.aim !== null && auto.bytes.length < input.length - auto.aim.length;
    return `auto ${auto.symbology ?? "none"}${shortened ? " eci" : ""}, on ${on.aim === null ? "none" : (on.symbology ?? "other")}`;
  },
};

/** Is `kept` what is left of `sent` after leaving bytes out? */
function keptInOrder(kept: Uint8Array, sent: Uint8Array): boolean {
  let at = 0;
  for (const byte of sent) {
    if (at < kept.length && kept[at] === byte) at += 1;
  }
  return at === kept.length;
}
