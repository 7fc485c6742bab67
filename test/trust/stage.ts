import { createHash } from "node:crypto";
import { type Downlink, openDownlink } from "../../agent/cloud/downlink.ts";
import type { ListState } from "../../fixtures/issuer/index.ts";
import { emptyStatus } from "../verifier/world.ts";
import { type Holder, type Origin, startHolder } from "./origin.ts";

/** A list whose shards do not compress: about 131 kB each. */
export function heavyList(shards: number): ListState {
  const state = emptyStatus({ size: shards * 2 ** 20 });
  return { ...state, shards: state.shards.map((_, number) => noise(number)) };
}

function noise(seed: number): Uint8Array {
  const blocks = Array.from({ length: 4096 }, (_, i) => createHash("sha256").update(`${seed} ${i}`).digest());
  return new Uint8Array(Buffer.concat(blocks));
}

/** A terminal before this origin. */
export function stage(origin: Origin, holder = startHolder()): { readonly holder: Holder; readonly link: Downlink } {
  return { holder, link: openDownlink({ session: origin.session, core: holder.core }) };
}
