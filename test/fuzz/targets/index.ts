import type { FuzzTarget } from "../target.ts";
import { target as base45 } from "./base45.ts";
import { target as delta } from "./delta.ts";
import { target as directory } from "./directory.ts";
import { target as documents } from "./documents.ts";
import { target as envelope } from "./envelope.ts";
import { target as shards } from "./shards.ts";

/** Every target of this room, by name. */
export const targets: ReadonlyMap<string, FuzzTarget> = new Map(
  [base45, envelope, documents, shards, delta, directory].map((target) => [target.name, target]),
);
