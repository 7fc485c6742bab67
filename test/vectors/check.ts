import { isDeepStrictEqual } from "node:util";
import { answering } from "./answer.ts";
import { publishedFile, vectorNames } from "./published.ts";

/** `node test/vectors/check.ts`: all published vectors at once and without a test runner; prints and counts what differs. */
let [right, wrong] = [0, 0];
for (const name of vectorNames) {
  const file = publishedFile(name);
  const answerTo = answering(file);
  for (const vector of file.vectors) {
    const answer = await answerTo(vector);
    if (isDeepStrictEqual(answer, vector.expect)) {
      right += 1;
      continue;
    }
    wrong += 1;
    const [expected, answered] = [JSON.stringify(vector.expect), JSON.stringify(answer)];
    console.log(`${name}: ${vector.name}\n  expected ${expected}\n  answered ${answered}`);
  }
}
console.log(`${right} of ${right + wrong} vectors answered as published`);
process.exitCode = wrong === 0 ? 0 : 1;
