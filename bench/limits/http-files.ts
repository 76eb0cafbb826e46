// The least that an HTTP server for files can do: PUT streams to the path, GET streams from it.
import { createReadStream, createWriteStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

const server = createServer((request, response) => {
  const path = new URL(request.url ?? "/", "http://box").searchParams.get("path") ?? "";
  const work =
    request.method === "PUT"
      ? pipeline(request, createWriteStream(path)).then(() => response.end())
      : pipeline(createReadStream(path), response);
  work.catch(() => response.destroy());
});
server.listen(0, "127.0.0.1", () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
