import "@spanledger/register";
import { createServer } from "node:http";
import { Queue, Worker } from "bullmq";
import { run } from "./jobs-app.cjs";

await run({ createServer, Queue, Worker }, process.argv);
