// The least that a WebSocket server can do: send each frame back.
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket) =>
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
);
server.on("listening", () =>
  console.log(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`),
);
