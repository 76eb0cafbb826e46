// Keeps proxies away from loopback, where the model gateway listens and a box's own services do.

type Environment = Readonly<Record<string, string>>;

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) => [
  name,
  name.toLowerCase(),
]);
const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** The environment, with loopback added to the exceptions where it names a proxy. */
export function exceptLoopback(env: Environment): Environment {
  if (!PROXIES.some((name) => env[name])) return env;
  const exceptions = (env["no_proxy"] ?? env["NO_PROXY"] ?? "")
    .split(",")
    .map((each) => each.trim());
  const list = [...new Set([...exceptions.filter(Boolean), ...LOOPBACK])].join(",");
  return { ...env, NO_PROXY: list, no_proxy: list };
}
