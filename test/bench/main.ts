import { benchCommit } from "./commit.ts";
import { benchDurable } from "./durable.ts";
import { benchImage } from "./image.ts";
import { benchLists } from "./lists.ts";
import { benchNfc } from "./nfc.ts";
import { benchRevoke } from "./revoke.ts";
import { benchSerial } from "./serial.ts";
import { benchTap } from "./tap.ts";
import { benchVerify } from "./verify.ts";

/** `npm run bench [verify|commit|tap …]`: prints the tables (`image --seeds=N`: more frames); exits 1 when a target is missed. */
const benches = {
  verify: benchVerify,
  lists: benchLists,
  commit: benchCommit,
  durable: benchDurable,
  revoke: benchRevoke,
  tap: benchTap,
  nfc: benchNfc,
  serial: benchSerial,
  image: benchImage,
};
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}.`);
  process.exitCode = 2;
} else {
  let met = true;
  for (const [name, bench] of Object.entries(benches)) {
    if (asked.length === 0 || asked.includes(name)) met = (await bench()) && met;
  }
  process.exitCode = met ? 0 : 1;
}
