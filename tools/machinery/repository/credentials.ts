// The secret for a remote: taken out of URLs, and out of everything that git says.
import { CodedError } from "../../coded-error.ts";

export interface Credential {
  readonly username: string;
  readonly token: string;
}

/** What GitHub and GitLab take as the user of a token; most others do not look at it. */
const DEFAULT_USERNAME = "x-access-token";
/** A lone user part this long is a token (`https://ghp_…@github.com`), a shorter one is a name. */
const MIN_TOKEN_CHARS = 20;
/** A shorter secret stands in innocent text too. */
const MIN_SCRUBBED_CHARS = 4;

export interface CleanRemote {
  /** The remote without any secret: fit for argv, .git/config and messages. */
  readonly remote: string;
  readonly credential: Credential | undefined;
}

/** Takes the secret out of a remote's URL; a token given apart wins over it. A remote's name or an ssh address passes as it is. */
export function cleanRemote(remote: string, token?: string, username?: string): CleanRemote {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(remote) ? URL.parse(remote) : null;
  const user = decoded(url?.username);
  const password = decoded(url?.password);
  const found =
    password ?? (user !== undefined && user.length >= MIN_TOKEN_CHARS ? user : undefined);
  const secret = token ?? found;
  const credential =
    secret === undefined
      ? undefined
      : { username: username ?? nameIn(user, found) ?? DEFAULT_USERNAME, token: secret };
  if (credential && /[\n\r\0]/.test(credential.username + credential.token)) {
    throw new CodedError("invalid_input", "A token and a user name must each be one line");
  }
  return {
    remote: url && (isHttp(url) || password !== undefined) ? withoutSecret(url, remote) : remote,
    credential,
  };
}

/** The text without the secret, in any of the forms that it takes on the wire, and without passwords in URLs. */
export function scrub(text: string, credential: Credential | undefined): string {
  const withoutPasswords = text.replaceAll(/(\w+:\/\/)[^\s/:@]*:[^\s/@]+@/g, "$1***@");
  if (!credential || credential.token.length < MIN_SCRUBBED_CHARS) return withoutPasswords;
  const { username, token } = credential;
  const forms = [
    token,
    encodeURIComponent(token),
    Buffer.from(`${username}:${token}`).toString("base64"),
    Buffer.from(token).toString("base64"),
  ];
  return forms.reduce((scrubbed, form) => scrubbed.replaceAll(form, "***"), withoutPasswords);
}

function withoutSecret(url: URL, remote: string): string {
  if (url.username === "" && url.password === "") return remote;
  const clean = new URL(url);
  clean.password = "";
  // ssh needs its user, which is no secret.
  if (isHttp(url)) clean.username = "";
  return clean.href;
}

function isHttp({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}

function nameIn(user: string | undefined, secret: string | undefined): string | undefined {
  return user === secret ? undefined : user;
}

function decoded(part: string | undefined): string | undefined {
  if (part === undefined || part === "") return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
