import { nodePrimitives } from "../../agent/primitives.ts";
import { qrText, signE1B } from "../../fixtures/issuer/index.ts";
import { ascii, at, keys, pass, pin, publish, tenant } from "../../fixtures/vectors/index.ts";
import { admit, emptyTrust, verify } from "../../verifier/index.ts";

const primitives = nodePrimitives(); // in a browser: browserPrimitives() of verifier/browser.ts
const now = at(60); // { now: Unix seconds, clock: "trusted" }
const served = publish(); // root chain, keys, head, lists and blobs, as an issuer serves them
const { trust, wanted, faults } = await admit(emptyTrust(tenant, "sandbox", pin), served, now, primitives);
console.log(wanted.length, "documents missing,", faults.length, "refused");
const verdict = await verify(ascii(qrText(signE1B(pass(), keys.pass))), trust, now, primitives);
console.log(verdict.result, verdict.reason, verdict.claims?.passId);
