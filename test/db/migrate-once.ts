import { migrateToLatest } from '../../db/migrate';

/** A process of its own that migrates the database which its first argument names, and says so. */
async function main(): Promise<void> {
  await migrateToLatest(process.argv[2] ?? '');
  process.stdout.write('migrated\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
