"use strict";
const { createServer } = require("node:http");
const { Queue, Worker } = require("bullmq");
const { run } = require("./jobs-app.cjs");

void run({ createServer, Queue, Worker }, process.argv);
