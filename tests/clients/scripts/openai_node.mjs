// The npm package `openai`: files, jobs, events, checkpoints, chat whole and streamed, an upload in parts, a refusal.
import OpenAI, { toFile } from "openai";

const { TUNEBOARD_URL, TUNEBOARD_KEY, TUNEBOARD_MODEL, TUNEBOARD_JOB } = process.env;
const client = new OpenAI({ baseURL: TUNEBOARD_URL, apiKey: TUNEBOARD_KEY });
const messages = [{ role: "user", content: "item 3" }];
const asked = { model: TUNEBOARD_MODEL, messages, temperature: 0, max_tokens: 8 };

const jobs = [];
for await (const job of client.fineTuning.jobs.list({ limit: 2 })) jobs.push(job);
const events = [];
for await (const event of client.fineTuning.jobs.listEvents(TUNEBOARD_JOB, { limit: 2 })) events.push(event);
const checkpoints = await client.fineTuning.jobs.checkpoints.list(TUNEBOARD_JOB);

const whole = await client.chat.completions.create(asked);
let streamed = "";
const stream = await client.chat.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } });
let usage = null;
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
if (usage.completion_tokens !== whole.usage.completion_tokens) throw new Error("usage differs when streamed");
if (checkpoints.data.length < 1) throw new Error("no checkpoint");

const line = JSON.stringify({ prompt: "a", completion: "b" }) + "\n";
const bytes = Buffer.from(line.repeat(12));
const upload = await client.uploads.create({ filename: "t.jsonl", purpose: "fine-tune", bytes: bytes.length, mime_type: "text/jsonl" });
const part = await client.uploads.parts.create(upload.id, { data: await toFile(bytes, "part") });
const completed = await client.uploads.complete(upload.id, { part_ids: [part.id] });

let refused = null;
try {
  await client.chat.completions.create({ ...asked, model: "no-such-model" });
} catch (error) {
  if (!(error instanceof OpenAI.NotFoundError)) throw error;
  refused = [error.status, error.code];
}
console.log(
  JSON.stringify({
    jobs: jobs.length,
    events: events.length,
    whole: whole.choices[0].message.content,
    finish: whole.choices[0].finish_reason,
    streamed,
    refused,
    uploaded: completed.file.status,
  }),
);
