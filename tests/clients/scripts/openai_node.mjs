// The npm package `openai`: files, jobs, events, checkpoints, chat whole and streamed, an upload in parts, a DPO job that
// is paused, resumed and cancelled, a batch, a refusal.
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

const pair = {
  input: { messages },
  preferred_output: [{ role: "assistant", content: "red" }],
  non_preferred_output: [{ role: "assistant", content: "mud" }],
};
const pairs = Buffer.from((JSON.stringify(pair) + "\n").repeat(12));
const preferences = await client.files.create({ file: await toFile(pairs, "p.jsonl"), purpose: "fine-tune" });
const method = { type: "dpo", dpo: { hyperparameters: { beta: 0.2, n_epochs: 1 } } };
const job = await client.fineTuning.jobs.create({ model: TUNEBOARD_MODEL, training_file: preferences.id, method });
const states = [];
for (const act of ["pause", "resume", "cancel"]) {
  const changed = await client.fineTuning.jobs[act](job.id);
  states.push(changed.tuneboard.state);
}

const request = { custom_id: "one", method: "POST", url: "/v1/chat/completions", body: asked };
const requests = await toFile(Buffer.from(JSON.stringify(request) + "\n"), "b.jsonl");
const input = await client.files.create({ file: requests, purpose: "batch" });
const endpoint = request.url;
let batch = await client.batches.create({ input_file_id: input.id, endpoint, completion_window: "24h" });
while (!["completed", "failed"].includes(batch.status)) {
  await new Promise((wake) => setTimeout(wake, 100));
  batch = await client.batches.retrieve(batch.id);
}
const answered = JSON.parse(await (await client.files.content(batch.output_file_id)).text());

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
    states,
    batched: answered.response.body.choices[0].message.content,
  }),
);
