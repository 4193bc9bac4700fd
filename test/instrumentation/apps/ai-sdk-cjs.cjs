require("@spanledger/register");
const { createOpenAI } = require("@ai-sdk/openai");
const { step, workflow } = require("@spanledger/api");
const { streamText } = require("ai");

void require("./ai-sdk-app.cjs").run({ streamText, createOpenAI, workflow, step });
