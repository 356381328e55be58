// One journey by the AI SDK's Qwen provider: reads one JSON object from standard input, writes one.
'use strict';

const { readFileSync } = require('fs');
const { embedMany, generateText, rerank, stepCountIs, streamText, tool } = require('ai');
const { createQwen } = require('qwen-ai-provider-v5');
const { z } = require('zod');

globalThis.AI_SDK_LOG_WARNINGS = false;

const ACTS = {
  async whole({ qwen, model, asked }) {
    const said = await generateText({ model: qwen(model), ...asked });
    return { text: said.text, finish: said.finishReason, usage: said.usage };
  },

  async stream({ qwen, model, asked }) {
    let broken = null;
    const said = streamText({ model: qwen(model), ...asked, onError: ({ error }) => { broken = error; } });
    const parts = [];
    for await (const part of said.textStream) parts.push(part);
    if (broken) throw broken;
    return { parts, finish: await said.finishReason, usage: await said.usage };
  },

  async tools({ qwen, model, asked, streamed }) {
    const weather = tool({
      description: 'The weather in a city.',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ city, sky: 'clear' }),
    });
    const wanted = { model: qwen(model), tools: { weather }, stopWhen: stepCountIs(1), ...asked };
    const said = streamed ? streamText(wanted) : await generateText(wanted);
    return { calls: await said.toolCalls, results: await said.toolResults, text: await said.text };
  },

  async embeddings({ qwen, model, values }) {
    const said = await embedMany({ model: qwen.textEmbeddingModel(model), values });
    return { embeddings: said.embeddings, usage: said.usage };
  },

  async rerank({ qwen, model, query, documents }) {
    return { ranking: (await rerank({ model: qwen.rerankingModel(model), query, documents })).ranking };
  },
};

// The provider knows another error object than the vendor sends: code and message are in the body that it keeps.
function refusal(error) {
  const last = error.lastError || error;
  return { name: last.name, status: last.statusCode || null, body: last.responseBody, retryable: last.isRetryable };
}

async function main() {
  const wanted = JSON.parse(readFileSync(0, 'utf8'));
  const said = [];
  for (const each of wanted.acts) {
    const qwen = createQwen({ baseURL: wanted.base, apiKey: each.key || wanted.key });
    const asked = { prompt: 'hi', maxRetries: 0, ...each.asked };
    try {
      said.push({ answered: await ACTS[each.act]({ ...each, qwen, asked }) });
    } catch (error) {
      said.push({ refused: refusal(error) });
    }
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

main();
