// The gateway between agents and models' servers: what passes through it, what does not, and what it tells of both.
import {
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ModelAccess, ModelDialect } from "../../../harnesses/providers.ts";
import type { RunError } from "../../../src/wire/events.ts";
import { createLog } from "../../../src/log/log.ts";
import { ModelGateway } from "../../../src/models/gateway.ts";
import type { AskingRun } from "../../../src/models/grants.ts";
import type { TokenUse } from "../../../src/models/usage-meter.ts";
import { Secrets } from "../../../src/log/secrets.ts";
import { ScriptedModel, type ScriptStep } from "../../scripted-model/scripted-model.ts";

const KEY = "sk-the-real-key-0123456789";
const PATHS: Record<ModelDialect, string> = {
  "anthropic-messages": "/v1/messages",
  "openai-responses": "/responses",
  "openai-chat": "/chat/completions",
};
const DIALECTS = Object.keys(PATHS) as ModelDialect[];

let gateway: ModelGateway;
let log: string;
let run: AskingRun & { uses: TokenUse[]; answers: (RunError | null)[]; over: string | null };
const toClose: (() => unknown)[] = [];

beforeEach(async () => {
  log = "";
  gateway = await startGateway();
  run = newRun("run_1");
  gateway.beginRun("session", run);
});

afterEach(async () => {
  await gateway.close();
  for (const close of toClose.splice(0)) await close();
});

function startGateway(proxyEnv: Record<string, string> = {}): Promise<ModelGateway> {
  return ModelGateway.start({
    log: createLog("debug", new Secrets(), (line) => (log += line)),
    proxyEnv,
  });
}

function newRun(runId: string): typeof run {
  const made: typeof run = {
    runId,
    uses: [],
    answers: [],
    over: null,
    refusal: () => Promise.resolve(made.over),
    onUse: (use) => made.uses.push(use),
    onReady: () => Promise.resolve(),
    onAnswer: (failure) => made.answers.push(failure),
  };
  return made;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly bytes: Buffer;
  /** True when it broke off. */
  readonly broken: boolean;
  readonly firstByteMs: number;
}

/** Sends a request as an agent does, and reads the answer to its end, or to where it breaks off. */
function post(
  url: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
  method = "POST",
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const began = performance.now();
  const outgoing = ask(
    url,
    { method, headers: { "content-type": "application/json", ...headers } },
    (response) => {
      const chunks: Buffer[] = [];
      let firstByteMs = Infinity;
      const done = (broken: boolean): void =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          bytes: Buffer.concat(chunks),
          broken,
          firstByteMs,
        });
      response.on("data", (chunk: Buffer) => {
        firstByteMs = Math.min(firstByteMs, performance.now() - began);
        chunks.push(chunk);
      });
      response.on("end", () => done(false));
      response.on("error", () => done(true));
    },
  );
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

function accessTo(
  baseUrl: string,
  dialect: ModelDialect = "anthropic-messages",
  provider = "anthropic",
): ModelAccess {
  return { provider, dialect, model: "m", baseUrl, apiKey: KEY };
}

/** What an agent sends in a dialect: to the server itself, or by way of the gateway. */
function send(access: ModelAccess, body: object): Promise<Answer> {
  const credential: Record<string, string> =
    access.provider === "anthropic"
      ? { "x-api-key": access.apiKey }
      : { authorization: `Bearer ${access.apiKey}` };
  return post(access.baseUrl + PATHS[access.dialect], JSON.stringify(body), credential);
}

const through = (access: ModelAccess): ModelAccess => gateway.accessFor("session", access);
const codeOf = ({ bytes }: Answer): string =>
  (JSON.parse(bytes.toString()) as { error: { code: string } }).error.code;

function prompt(stream: boolean, content: unknown = "Hi"): object {
  const usage = { stream_options: { include_usage: true } };
  return {
    model: "m",
    max_tokens: 10,
    stream,
    messages: [{ role: "user", content }],
    input: [{ role: "user", content }],
    ...(stream && usage),
  };
}

async function scripted(steps: readonly ScriptStep[], dialect: ModelDialect, provider?: string) {
  const model = await ScriptedModel.start();
  toClose.push(() => model.close());
  const script = model.script("s", steps);
  const isAnthropic = dialect === "anthropic-messages";
  const by = provider ?? (isAnthropic ? "anthropic" : "openai");
  return {
    script,
    access: accessTo(isAnthropic ? script.anthropicBaseUrl : script.openaiBaseUrl, dialect, by),
  };
}

/** A model's server of its own making. */
async function server(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ url: string; server: Server }> {
  const made = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  toClose.push(() => (made.closeAllConnections(), made.close()));
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, server: made };
}

async function unusedPort(): Promise<number> {
  const made = createTcpServer();
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  const { port } = made.address() as AddressInfo;
  await new Promise((resolve) => made.close(resolve));
  return port;
}

for (const dialect of DIALECTS) {
  for (const stream of [true, false]) {
    test(`${dialect} ${stream ? "streams" : "answers"} byte for byte, with the real key in the place of the token, and is counted`, async () => {
      const { script, access } = await scripted(
        [{ reasoning: "Hm.", text: "Grüße — and a long enough text to be cut into pieces." }],
        dialect,
      );
      const bytes: Buffer[] = [];
      const recorder = await server(async (request, response) => {
        const answer = await fetch(access.baseUrl + request.url, {
          method: "POST",
          body: Buffer.concat(await request.toArray()),
          headers: {
            "content-type": "application/json",
            authorization: request.headers.authorization ?? "",
            "x-api-key": String(request.headers["x-api-key"] ?? ""),
          },
        });
        response.writeHead(answer.status, {
          "content-type": answer.headers.get("content-type") ?? "",
        });
        for await (const chunk of answer.body!) bytes.push(Buffer.from(chunk));
        for (const chunk of bytes) response.write(chunk);
        response.end();
      });
      const answer = await send(through({ ...access, baseUrl: recorder.url }), prompt(stream));
      expect(answer.status).toBe(200);
      expect(answer.bytes.equals(Buffer.concat(bytes))).toBe(true);
      expect(answer.bytes.toString()).toContain("Gr");
      const { headers } = script.requests[0]!;
      expect(dialect === "anthropic-messages" ? headers["x-api-key"] : headers.authorization).toBe(
        dialect === "anthropic-messages" ? KEY : `Bearer ${KEY}`,
      );
      expect(run.uses).toMatchObject([
        {
          inputTokens: 1200,
          outputTokens: 64,
          cachedInputTokens: 800,
          model: `${access.provider}/m`,
        },
      ]);
      expect(run.answers).toEqual([null]);
    });
  }
}

test("a gateway of many makers' models gets its key as a bearer token in Anthropic's dialect too", async () => {
  const { script, access } = await scripted([{ text: "Hi" }], "anthropic-messages", "openrouter");
  expect((await send(through(access), prompt(false))).status).toBe(200);
  expect(script.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  expect(script.requests[0]?.headers["x-api-key"]).toBeUndefined();
});

test("headers and every piece of a stream are passed on when they come, not when there is more", async () => {
  const parts: ((text: string) => void)[] = [];
  const upstream = await server((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    parts.push(
      (text) => response.write(text),
      () => response.end(),
    );
  });
  const { baseUrl, apiKey } = through(accessTo(upstream.url));
  const seen = Promise.withResolvers<IncomingMessage>();
  const outgoing = ask(
    `${baseUrl}/v1/messages`,
    { method: "POST", headers: { "x-api-key": apiKey } },
    seen.resolve,
  ).end("{}");
  const response = await seen.promise; // although the server has sent no body yet
  for (const text of ["data: one\n\n", "data: tw"]) {
    const piece = new Promise<Buffer>((resolve) => response.once("data", resolve));
    parts[0]!(text);
    expect(String(await piece)).toBe(text);
  }
  parts[1]!("");
  await new Promise((resolve) => response.once("end", resolve));
  outgoing.destroy();
});

test("an agent that leaves ends the request to the model's server, and nobody failed", async () => {
  const closed = Promise.withResolvers<void>();
  const upstream = await server((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: one\n\n");
    response.once("close", closed.resolve);
  });
  const { baseUrl, apiKey } = through(accessTo(upstream.url));
  const outgoing = ask(
    `${baseUrl}/v1/messages`,
    { method: "POST", headers: { "x-api-key": apiKey } },
    (response) => response.once("data", () => outgoing.destroy()),
  ).end("{}");
  outgoing.on("error", () => {});
  await closed.promise;
  expect(run.answers).toEqual([]);
});

test("a server that refuses the connection is a 502 that says so, after a large request too", async () => {
  const access = through(accessTo(`http://127.0.0.1:${await unusedPort()}`));
  const answers = [
    await send(access, prompt(true)),
    await send(access, prompt(true, "x".repeat(8_000_000))),
  ];
  for (const answer of answers) {
    expect(answer.status).toBe(502);
    expect(codeOf(answer)).toBe("upstream_unreachable");
    expect(String(answer.bytes)).toMatch(/127\.0\.0\.1:\d+ could not be reached: ECONNREFUSED/);
  }
  expect(run.answers[0]).toMatchObject({
    code: "connection_failed",
    data: { reason: "ECONNREFUSED" },
  });
});

test("a server that hangs up before it answers is a 502 too", async () => {
  const upstream = await server((request) => request.socket.resetAndDestroy());
  expect(codeOf(await send(through(accessTo(upstream.url)), prompt(true)))).toBe(
    "upstream_unreachable",
  );
});

test("an answer that is cut off is cut off for the agent, and told of", async () => {
  const { access } = await scripted(
    [{ text: "one two three four five six", fault: { cutAfterChunks: 2 } }],
    "openai-responses",
  );
  const answer = await send(through(access), prompt(true));
  expect(answer).toMatchObject({ status: 200, broken: true });
  expect(run.answers).toMatchObject([{ code: "stream_cut" }]);
});

test("an error inside of a stream passes untouched, and is told of", async () => {
  const { access } = await scripted(
    [{ text: "one two", fault: { sseError: "overloaded_error" } }],
    "anthropic-messages",
  );
  const answer = await send(through(access), prompt(true));
  expect(answer).toMatchObject({ status: 200, broken: false });
  expect(run.answers).toMatchObject([
    { code: "server_error", message: expect.stringContaining("ended its answer with an error") },
  ]);
});

test.for([
  [401, "unauthorized"],
  [404, "model_not_found"],
  [500, "server_error"],
  [529, "overloaded"],
] as const)(
  "a refusal with %i goes to the agent as it is, and is told of as %s until an answer comes",
  async ([status, code]) => {
    const { access } = await scripted(
      [{ fault: { status } }, { text: "Through." }],
      "anthropic-messages",
    );
    const answer = await send(through(access), prompt(true));
    expect(answer.status).toBe(status);
    expect(String(answer.bytes)).toContain(`The script answers ${status}`);
    await send(through(access), prompt(true));
    expect(run.answers).toMatchObject([
      { code, data: { status }, message: expect.stringContaining(`The script answers ${status}`) },
      null,
    ]);
  },
);

test.each(["", "0"])("a 429 whose Retry-After is %j is given a time too", async (retryAfterS) => {
  const { access } = await scripted(
    [{ fault: { status: 429, retryAfterS }, times: 2 }],
    "openai-responses",
  );
  const waits: unknown[] = [];
  for (let count = 0; count < 2; count++)
    waits.push((await send(through(access), prompt(true))).headers["retry-after"]);
  expect(waits).toEqual(["1", "2"]);
});

test("a 429 that does not say how long to wait is given a time, longer each time", async () => {
  const busy = [
    { fault: { status: 429 }, times: 3 },
    { fault: { status: 429, retryAfterS: 7 } },
    { text: "ok" },
    { fault: { status: 429 } },
  ];
  const { access } = await scripted(busy, "openai-responses");
  const waits: unknown[] = [];
  for (let count = 0; count < 6; count++)
    waits.push((await send(through(access), prompt(true))).headers["retry-after"]);
  expect(waits).toEqual(["1", "2", "4", "7", undefined, "1"]);
});

test("a token is worth nothing after its run, for another session's server, or made up; it never reaches the server", async () => {
  const { script, access } = await scripted([{ text: "no" }], "anthropic-messages");
  const granted = through(access);
  expect(codeOf(await send({ ...granted, apiKey: "hd-made-up" }, prompt(false)))).toBe(
    "unknown_token",
  );
  expect(codeOf(await send({ ...granted, apiKey: KEY }, prompt(false)))).toBe("unknown_token");
  expect(codeOf(await send(gateway.accessFor("another session", access), prompt(false)))).toBe(
    "no_run",
  );
  gateway.endRun("session");
  const over = await send(granted, prompt(false));
  expect([over.status, codeOf(over)]).toEqual([403, "no_run"]);
  expect(script.requests).toEqual([]);
  gateway.beginRun("session", run);
  expect(through(access).apiKey).toBe(granted.apiKey);
  expect((await send(granted, prompt(false))).status).toBe(200);
});

test("a run that is over asks no more", async () => {
  const { script, access } = await scripted([{ text: "no" }], "anthropic-messages");
  run.over = "The run has used 9000 tokens of 5000";
  const answer = await send(through(access), prompt(false));
  expect([answer.status, codeOf(answer)]).toEqual([403, "run_over"]);
  expect(String(answer.bytes)).toContain("9000 tokens of 5000");
  expect(script.requests).toEqual([]);
});

test("a token opens models only: nothing else of the account, no other server, by no way of writing the address", async () => {
  const { script, access } = await scripted([{ text: "no" }], "anthropic-messages");
  const granted = through(access);
  const { origin } = new URL(granted.baseUrl);
  const paths = [
    "/v1/files",
    "/v1/messages/batches",
    "/v1/../../x",
    "/v1/models/..%2f..%2ffiles",
    "//other.example/v1/files",
    "",
    "/v1/organizations",
  ];
  const urls = [
    ...paths.map((path) => granted.baseUrl + path),
    `${origin}/openai/v1/messages`,
    `${origin}/v1/messages`,
  ];
  for (const url of urls)
    expect((await post(url, "{}", { "x-api-key": granted.apiKey })).status).toBe(404);
  expect(
    (await post(`${granted.baseUrl}/v1/messages`, "", { "x-api-key": granted.apiKey }, "DELETE"))
      .status,
  ).toBe(404);
  expect(script.requests).toEqual([]);
  expect(
    (await post(`${granted.baseUrl}/v1/models?limit=5`, "", { "x-api-key": granted.apiKey }, "GET"))
      .status,
  ).toBe(200);
  expect(
    (
      await post(`${granted.baseUrl}/v1/messages/count_tokens`, "{}", {
        "x-api-key": granted.apiKey,
      })
    ).status,
  ).toBe(200);
  expect(run.answers).toEqual([]);
});

test("an absolute address in the request line reaches no other server", async () => {
  const granted = through(accessTo("http://127.0.0.1:9"));
  const socket = connect(Number(new URL(granted.baseUrl).port), "127.0.0.1");
  socket.write(
    `POST http://other.example/anthropic/v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${granted.apiKey}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
  );
  const answer = Buffer.concat(await socket.toArray());
  expect(String(answer)).toMatch(/^HTTP\/1\.1 404/);
});

test("a request of 96 MB goes to a slow server as fast as that takes it, and is not piled up", async () => {
  const size = 96 * 1024 * 1024;
  let [sent, received, mostUnderWay] = [0, 0, 0];
  const upstream = await server(async (request, response) => {
    for await (const chunk of request) {
      received += (chunk as Buffer).length;
      mostUnderWay = Math.max(mostUnderWay, sent - received);
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    response
      .writeHead(200, { "content-type": "application/json" })
      .end('{"usage":{"input_tokens":5,"output_tokens":1}}');
  });
  const { baseUrl, apiKey } = through(accessTo(upstream.url));
  const piece = Buffer.alloc(64 * 1024, "x");
  const answered = Promise.withResolvers<number>();
  const headers = { "x-api-key": apiKey, "content-length": size };
  const outgoing = ask(`${baseUrl}/v1/messages`, { method: "POST", headers }, (response) => {
    response.resume();
    answered.resolve(response.statusCode!);
  });
  for (; sent < size; sent += piece.length)
    if (!outgoing.write(piece)) await new Promise((resolve) => outgoing.once("drain", resolve));
  outgoing.end();
  expect(await answered.promise).toBe(200);
  expect(received).toBe(size);
  expect(mostUnderWay).toBeLessThan(16 * 1024 * 1024); // the sockets' own buffers, mostly
});

test("connections to the server are kept and used again", async () => {
  let connections = 0;
  const upstream = await server((request, response) =>
    request.resume().once("end", () => response.end("{}")),
  );
  upstream.server.on("connection", () => connections++);
  const access = through(accessTo(upstream.url));
  for (let count = 0; count < 10; count++) await send(access, prompt(false));
  expect(connections).toBe(1);
});

test("a proxy of the daemon's environment carries requests to far servers, and none to loopback", async () => {
  const seen: string[] = [];
  const proxy = await server((request, response) => {
    seen.push(request.url ?? "");
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  proxy.server.on("connect", (request: IncomingMessage, socket: Socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  const { access } = await scripted([{ text: "Near." }], "anthropic-messages");
  await gateway.close();
  gateway = await startGateway({
    HTTP_PROXY: proxy.url,
    HTTPS_PROXY: proxy.url,
    NO_PROXY: "kept.example",
  });
  gateway.beginRun("session", run);
  expect((await send(through(access), prompt(false))).status).toBe(200);
  expect(seen).toEqual([]);
  expect((await send(through(accessTo("http://models.example")), prompt(false))).status).toBe(200);
  expect((await send(through(accessTo("https://secure.example")), prompt(false))).status).toBe(502);
  expect(seen).toEqual(["http://models.example/v1/messages", "CONNECT secure.example:443"]);
});

test("neither key nor token stands in the log, whatever goes wrong", async () => {
  const { access } = await scripted(
    [{ fault: { status: 401 } }, { text: "a b c d", fault: { cutAfterChunks: 1 } }],
    "anthropic-messages",
  );
  const granted = through(access);
  await send(granted, prompt(true));
  await send(granted, prompt(true));
  await send(through(accessTo(`http://127.0.0.1:${await unusedPort()}`)), prompt(true));
  expect(log).toContain("could not be reached");
  expect(log).not.toContain(KEY);
  expect(log).not.toContain(granted.apiKey);
  expect(JSON.stringify(run.answers)).not.toContain(KEY);
});

test("it closes at once, whatever is under way", async () => {
  const upstream = await server(
    (request, response) =>
      void response.writeHead(200, { "content-type": "text/event-stream" }).write("data: x\n\n"),
  );
  const granted = through(accessTo(upstream.url));
  const { promise: begun, resolve: onBegun } = Promise.withResolvers<void>();
  const outgoing = ask(
    `${granted.baseUrl}/v1/messages`,
    { method: "POST", headers: { "x-api-key": granted.apiKey } },
    (response) => {
      response.on("error", () => {});
      response.once("data", () => onBegun());
    },
  ).end("{}");
  outgoing.on("error", () => {});
  await begun;
  const began = performance.now();
  await gateway.close();
  expect(performance.now() - began).toBeLessThan(100);
});
