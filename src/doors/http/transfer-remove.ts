// DELETE /files: removes one file, or a folder with all in it, at the version that the client knows.
import { lstat, rm, rmdir } from "node:fs/promises";
import { answeringErrno } from "../../../tools/machinery/files/errno.ts";
import { inTurn } from "../../../tools/machinery/files/in-turn.ts";
import { openFile } from "../../../tools/machinery/files/open-file.ts";
import { refuseRoot } from "../../../tools/machinery/files/relocate.ts";
import { refuseOtherVersion, versionOf } from "../../../tools/machinery/files/version.ts";
import { resolvePath } from "../../../tools/paths.ts";
import { answerJson, type Route, route } from "./route.ts";
import { pathOf, tagOf, type TransferOptions } from "./transfer-request.ts";

export function removeRoute({ cwd, paths }: TransferOptions): Route {
  return route("DELETE /files", async (request, response, url) => {
    const path = await resolvePath(pathOf(url), cwd, paths, { ofLink: true });
    await refuseRoot(path, paths, "remove");
    const recursive = url.searchParams.get("recursive") === "1";
    const expected = tagOf(request.headers["if-match"]);
    await answeringErrno("remove", path, () =>
      inTurn(path, async () => {
        if (expected !== undefined && expected !== "*")
          refuseOtherVersion(path, expected, await versionAt(path));
        const isFolder = (await lstat(path)).isDirectory();
        await (isFolder && !recursive ? rmdir(path) : rm(path, { recursive }));
      }),
    );
    answerJson(response, 200, { path, removed: true });
  });
}

async function versionAt(path: string): Promise<string> {
  const { handle, stats } = await openFile(path);
  await using _ = handle;
  return await versionOf(handle, stats);
}
