/**
 * `@spanledger/register/check`: a program that `spanledger doctor --app` runs with the application's
 * own copy of this package, so that the versions it knows are those that count.
 *
 * In: the application's folder as argument. Out: findings as one JSON line.
 */
import { resolve } from "node:path";
import { checkApplication } from "./check.ts";

process.stdout.write(`${JSON.stringify(checkApplication(resolve(process.argv[2] ?? ".")))}\n`);
