// Writes the wire down: docs/openrpc.json and docs/openapi.json are what the code declares. `npx vitest run test/house -u` writes them anew.
import SwaggerParser from "@apidevtools/swagger-parser";
import { validateOpenRPCDocument } from "@open-rpc/schema-utils-js";
import { expect, test } from "vitest";
import { metricsRoute } from "../../src/doors/http/metrics.ts";
import { probeRoutes } from "../../src/doors/http/probes.ts";
import { transferRoutes } from "../../src/doors/http/transfer.ts";
import { httpOperations } from "../../src/wire/http.ts";
import { EVERYWHERE } from "../../tools/paths.ts";
import { openApi } from "./documents/openapi.ts";
import { openRpc } from "./documents/openrpc.ts";

const written = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;

test("docs/openrpc.json says what the code declares", async () => {
  await expect(written(openRpc())).toMatchFileSnapshot("../../docs/openrpc.json");
});

test("docs/openapi.json says what the code declares", async () => {
  await expect(written(openApi())).toMatchFileSnapshot("../../docs/openapi.json");
});

test("the OpenRPC project's own validator takes docs/openrpc.json", () => {
  const document = JSON.parse(written(openRpc())) as Parameters<typeof validateOpenRPCDocument>[0];
  expect(validateOpenRPCDocument(document)).toBe(true);
});

test("the OpenAPI validator takes docs/openapi.json", async () => {
  const document = JSON.parse(written(openApi())) as Parameters<typeof SwaggerParser.validate>[0];
  await expect(SwaggerParser.validate(document)).resolves.toBeDefined();
});

test("every method, parameter and result has a description or a type; every reference leads somewhere", () => {
  const document = openRpc();
  const text = written(document);
  for (const [, pointer = ""] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
    const found = pointer
      .split("/")
      .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
    expect([pointer, found]).toEqual([pointer, expect.anything()]);
  }
  const undescribed = (document["methods"] as { name: string; description?: string }[]).filter(
    ({ description = "" }) => description.length < 10,
  );
  expect(undescribed).toEqual([]);
});

test("the daemon serves every HTTP operation that is declared, and no other", () => {
  const routes = [
    ...probeRoutes(() => []),
    metricsRoute(() => []),
    ...transferRoutes({ cwd: "/", paths: EVERYWHERE }),
  ];
  expect(routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
    Object.keys(httpOperations).sort(),
  );
});
