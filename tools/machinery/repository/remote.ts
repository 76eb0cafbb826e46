// Which remote a command talks to, and with what credential.
import { z } from "zod";
import type { ToolContext } from "../../tool.ts";
import { cleanRemote, type CleanRemote } from "./credentials.ts";
import { withGit, type GitOptions } from "./with-git.ts";

/** The fields of every tool that talks to a remote over HTTPS. */
export const credentialFields = {
  token: z
    .string()
    .min(1)
    .max(10_000)
    .optional()
    .describe(
      "For an https remote. Reaches git alone: it is never stored, logged or shown. Absent: git's own credential helpers are asked.",
    ),
  username: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe("Goes with the token; most hosts take any."),
};

export interface RemoteAsked {
  readonly remote?: string | undefined;
  readonly token?: string | undefined;
  readonly username?: string | undefined;
}

export interface OpenRemote {
  /** Fit for argv; undefined for git's own choice. */
  readonly remote: string | undefined;
  readonly options: Pick<GitOptions, "credential" | "remoteUrl">;
}

/** The remote as git may see it, and the options that let git reach it. */
export async function openRemote(
  directory: string,
  context: ToolContext,
  asked: RemoteAsked,
  isPush: boolean,
): Promise<OpenRemote> {
  const { remote, credential }: CleanRemote = cleanRemote(
    asked.remote ?? "",
    asked.token,
    asked.username,
  );
  if (!credential) return { remote: asked.remote === undefined ? undefined : remote, options: {} };
  const remoteUrl = remote.includes("://")
    ? remote
    : await configuredUrl(directory, context, remote, isPush);
  return {
    remote: asked.remote === undefined ? undefined : remote,
    options: { credential, remoteUrl },
  };
}

/** Where git would go for that name, rewritten by `insteadOf` if the configuration says so. */
async function configuredUrl(
  directory: string,
  context: ToolContext,
  remote: string,
  isPush: boolean,
): Promise<string> {
  const args = isPush
    ? ["remote", "get-url", "--push", remote]
    : ["ls-remote", "--get-url", ...(remote === "" ? [] : [remote])];
  const url = await withGit(directory, context, { what: `find the remote ${remote}` }, ({ git }) =>
    git.raw(args),
  );
  return url.trim();
}
