import { readerSuite } from "./reader-suite.ts";
import { obstacle } from "./virtual.ts";

readerSuite("pcscd", await obstacle("pcscd", "reader-pcscd.test.ts"));
