"use strict";
const agents = require("@openai/agents");
const { z } = require("zod");
const { run } = require("./agents-app.cjs");

void run({ ...agents, z }, process.argv);
