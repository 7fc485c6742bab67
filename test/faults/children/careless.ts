import Database from "better-sqlite3";

/**
 * What the library does when nobody tells it otherwise: WAL without a sync of each commit. The controls of the power cuts
 * must lose what it acknowledges. Arguments: folder, prefix, how many; `unseen` as the fourth: it is slow, and does not look
 * whether the disk took a write.
 */
const [folder = "", prefix = "", count = "0", sight = ""] = process.argv.slice(2);
const database = new Database(`${folder}/careless.sqlite`);
database.pragma("journal_mode = WAL");
database.exec("CREATE TABLE IF NOT EXISTS scans (id TEXT PRIMARY KEY)");
process.stdout.write("open\n");
const insert = database.prepare("INSERT INTO scans (id) VALUES (?)");
for (let i = 0; i < Number(count); i++) {
  if (sight === "unseen") await new Promise((resolve) => setTimeout(resolve, 5));
  try {
    insert.run(`scan_${prefix}_${i}`);
  } catch (cause) {
    if (sight !== "unseen" || !(cause instanceof Database.SqliteError)) throw cause;
  }
  process.stdout.write(`A scan_${prefix}_${i} accepted\n`);
}
