import Database from "better-sqlite3";

/**
 * What the library does when nobody tells it otherwise: WAL without a sync of each commit. The controls of the power cuts
 * must lose what it acknowledges. Arguments: folder, prefix, how many.
 */
const [folder = "", prefix = "", count = "0"] = process.argv.slice(2);
const database = new Database(`${folder}/careless.sqlite`);
database.pragma("journal_mode = WAL");
database.exec("CREATE TABLE IF NOT EXISTS scans (id TEXT PRIMARY KEY)");
process.stdout.write("open\n");
const insert = database.prepare("INSERT INTO scans (id) VALUES (?)");
for (let i = 0; i < Number(count); i++) {
  insert.run(`scan_${prefix}_${i}`);
  process.stdout.write(`A scan_${prefix}_${i} accepted\n`);
}
