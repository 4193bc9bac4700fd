"use strict";
const { once } = require("node:events");

/**
 * A server whose requests add jobs, and the worker that does them; one request, one job that needs
 * two attempts. It knows nothing of Spanledger.
 *
 * @param {object} libraries the modules, as the application's module system gave them
 * @param {readonly string[]} argv port of Redis
 */
async function run({ createServer, Queue, Worker }, [, , port]) {
  const connection = { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null };
  const queue = new Queue("mail", { connection });
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const job = await queue.add("welcome", JSON.parse(text), { attempts: 2 });
    response.end(JSON.stringify({ data: job.data }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const headers = { "content-type": "application/json", "x-request-id": "request-1" };
  const body = JSON.stringify({ to: "a" });
  const url = `http://127.0.0.1:${server.address().port}/sign-up`;
  const answer = await (await fetch(url, { method: "POST", headers, body })).text();
  server.closeAllConnections();
  server.close();
  let calls = 0;
  const worker = new Worker(
    queue.name,
    async (job) => {
      calls += 1;
      if (calls === 1) throw new Error("first");
      return { sent: job.data.to };
    },
    { connection },
  );
  worker.on("failed", (_, error) => process.stdout.write(`failed ${error.message} `));
  const [job, result] = await once(worker, "completed");
  process.stdout.write(`${answer} ${job.attemptsMade} ${JSON.stringify(result)}\n`);
  await worker.close();
  await queue.close();
}

module.exports = { run };
