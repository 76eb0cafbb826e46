// A package registry of our own on loopback, so that a real npm can be driven without a network.
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create } from "tar";

interface Published {
  readonly manifest: { readonly name: string; readonly version: string };
  readonly tarball: Buffer;
}

export class PackageRegistry {
  readonly requests: string[] = [];
  /** Tarballs are never sent while this is true. */
  stalls = false;
  readonly #server: Server;
  readonly #packages = new Map<string, Published>();
  #stalled = Promise.withResolvers<void>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<PackageRegistry> {
    const server = createServer();
    const registry = new PackageRegistry(server);
    server.on("request", (request, response) =>
      registry.#answer(decodeURIComponent(request.url ?? "/"), response),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Settles at the first tarball that is held back. */
  get stalled(): Promise<void> {
    return this.#stalled.promise;
  }

  /** Offers a package with one executable script, at this path inside of it. */
  async publish(name: string, version: string, path: string, script: string): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), "harnessd-package-"));
    const root = join(directory, "package");
    const manifest = { name, version };
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, "package.json"), JSON.stringify(manifest));
    await writeFile(join(root, path), script);
    await chmod(join(root, path), 0o755);
    await create({ gzip: true, cwd: directory, file: join(directory, "package.tgz") }, ["package"]);
    this.#packages.set(name, { manifest, tarball: await readFile(join(directory, "package.tgz")) });
    await rm(directory, { recursive: true });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(path: string, response: ServerResponse): void {
    this.requests.push(path);
    const name = path.slice(1).replace(/\.tgz$/, "");
    const found = this.#packages.get(name);
    if (!found)
      response.writeHead(404, { "content-type": "application/json" }).end('{"error":"Not found"}');
    else if (!path.endsWith(".tgz"))
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify(this.#describe(found)));
    else if (this.stalls) this.#stalled.resolve();
    else response.writeHead(200, { "content-type": "application/octet-stream" }).end(found.tarball);
  }

  #describe({ manifest, tarball }: Published): unknown {
    const { name, version } = manifest;
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const dist = {
      tarball: `${this.url}${encodeURIComponent(name)}.tgz`,
      integrity,
      unpackedSize: 4321,
    };
    return {
      name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...manifest, dist } },
    };
  }
}
